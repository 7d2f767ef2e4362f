/** TR-069 A.3.2.1. */
export interface SetParameterValues {
  readonly kind: 'set_parameter_values'
  readonly parameters: readonly ParameterToSet[]
  readonly parameterKey: string
}

export interface ParameterToSet {
  readonly name: string
  readonly value: string
  readonly type: 'string' | 'int' | 'unsignedInt' | 'boolean' | 'dateTime' | 'base64'
}

export interface SetParameterValuesResponse {
  readonly kind: 'set_parameter_values_response'
  /** 0: applied. 1: will be applied later, perhaps after a reboot. */
  readonly status: number
}
