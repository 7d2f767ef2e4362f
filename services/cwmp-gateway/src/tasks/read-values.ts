import type { CpeResponse, GetParameterValues } from '@sluice/cwmp'
import { batchesOf, halved, type NameBatches } from './name-batches.ts'
import type { Answer } from './task.ts'

type Values = Extract<CpeResponse, { kind: 'get_parameter_values_response' }>['parameters']

/** An operator's GetParameterValues on its way: what is still to be asked, and what was answered. */
export interface ValuesReading {
  readonly batches: NameBatches
  readonly parameters: Values
  /** Names that cannot be read, each with the fault it was refused with. */
  readonly faults: readonly { readonly name: string; readonly code: number; readonly text: string }[]
}

export function beginValues(names: readonly string[], namesPerRead: number): ValuesReading {
  return { batches: batchesOf(names, namesPerRead), parameters: [], faults: [] }
}

export function askValues({ batches: [names] }: ValuesReading): GetParameterValues | null {
  return names === undefined ? null : { kind: 'get_parameter_values', names }
}

/**
 * Takes the answer to the first batch: one that is refused for a name in it is asked in halves, so that one unknown
 * name costs the others nothing. Null: there is no going on, and the answer is that of the whole call.
 */
export function takeValues(reading: ValuesReading, answer: Answer): ValuesReading | null {
  const [asked = [], ...rest] = reading.batches
  if (answer.kind === 'response' && answer.message.kind === 'get_parameter_values_response') {
    return { ...reading, batches: rest, parameters: [...reading.parameters, ...answer.message.parameters] }
  }
  const halves = halved(reading.batches, answer)
  if (halves !== null) return { ...reading, batches: halves }
  const isOnly = rest.length === 0 && reading.parameters.length === 0 && reading.faults.length === 0
  if (answer.kind !== 'fault' || answer.code !== 9005 || isOnly) return null
  const { code, text } = answer
  return { ...reading, batches: rest, faults: [...reading.faults, ...asked.map((name) => ({ name, code, text }))] }
}
