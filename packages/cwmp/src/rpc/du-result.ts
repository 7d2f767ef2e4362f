import { clip, readBoolean, readTime, type Reading } from '../reading.ts'
import { textOf, type XmlElement } from '../xml-element.ts'
import { clipped } from './list.ts'
import { readOperationFault, type OperationFault } from './operation-fault.ts'

/** What became of one deployment unit (TR-069 tables 80 and 84). */
export interface DuResult extends OperationFault {
  readonly uuid: string
  /** Path of the unit in the data model, ending with a dot. */
  readonly deploymentUnitRef: string
  readonly version: string
  /** `Installed`, `Uninstalled` or `Failed`; as sent where it is something else. */
  readonly currentState: string
  readonly resolved: boolean
  /** Paths, at most 64. */
  readonly executionUnitRefs: readonly string[]
  readonly startTime: string | null
  readonly completeTime: string | null
}

const MAX_RESULTS = 256
const MAX_UNITS = 64

/** One `Results` element for each unit as the schema has it, or one for all with their structs in it, as an array is written. */
export function readResultStructs(message: XmlElement, reading: Reading): readonly XmlElement[] {
  const structs = message.children
    .filter((child) => child.name === 'Results')
    .flatMap((results) => {
      const inner = results.children.filter(({ name }) => name.endsWith('OpResultStruct'))
      return inner.length === 0 ? [results] : inner
    })
  if (structs.length === 0) reading.warn('list_missing')
  return clipped(structs, MAX_RESULTS, reading)
}

export function readDuResult(struct: XmlElement, reading: Reading): DuResult {
  return {
    uuid: clip(textOf(struct, 'UUID'), 36),
    deploymentUnitRef: clip(textOf(struct, 'DeploymentUnitRef'), 256),
    version: clip(textOf(struct, 'Version'), 32),
    currentState: clip(textOf(struct, 'CurrentState'), 64),
    resolved: readBoolean(textOf(struct, 'Resolved'), reading),
    executionUnitRefs: readRefs(textOf(struct, 'ExecutionUnitRefList')),
    startTime: readTime(textOf(struct, 'StartTime'), reading),
    completeTime: readTime(textOf(struct, 'CompleteTime'), reading),
    ...readOperationFault(struct, 'Fault', reading),
  }
}

function readRefs(text: string): readonly string[] {
  return text
    .split(',', MAX_UNITS)
    .map((ref) => clip(ref.trim(), 256))
    .filter((ref) => ref !== '')
}
