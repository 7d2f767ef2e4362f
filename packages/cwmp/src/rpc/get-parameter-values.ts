import type { ParameterValue } from './inform.ts'

/** TR-069 A.3.2.2. */
export interface GetParameterValues {
  readonly kind: 'get_parameter_values'
  readonly names: readonly string[]
}

export interface GetParameterValuesResponse {
  readonly kind: 'get_parameter_values_response'
  readonly parameters: readonly ParameterValue[]
}
