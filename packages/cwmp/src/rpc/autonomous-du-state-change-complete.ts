import { clip, type Reading } from '../reading.ts'
import { textOf, type XmlElement } from '../xml-element.ts'
import { element, type Xml } from '../xml-writer.ts'
import { readDuResult, readResultStructs, type DuResult } from './du-result.ts'

/** TR-069 A.4.2.4: changes of software modules that the ACS did not ask for. */
export interface AutonomousDuStateChangeComplete {
  readonly kind: 'autonomous_du_state_change_complete'
  readonly results: readonly AutonomousDuResult[]
}

export interface AutonomousDuResult extends DuResult {
  /** `Install`, `Update` or `Uninstall`; as sent where it is something else. */
  readonly operationPerformed: string
}

export interface AutonomousDuStateChangeCompleteResponse {
  readonly kind: 'autonomous_du_state_change_complete_response'
}

export function decodeAutonomousDuStateChangeComplete(
  message: XmlElement,
  reading: Reading,
): AutonomousDuStateChangeComplete {
  return {
    kind: 'autonomous_du_state_change_complete',
    results: readResultStructs(message, reading).map((struct) => ({
      ...readDuResult(struct, reading),
      operationPerformed: clip(textOf(struct, 'OperationPerformed'), 64),
    })),
  }
}

export function encodeAutonomousDuStateChangeCompleteResponse(): Xml {
  return element('cwmp:AutonomousDUStateChangeCompleteResponse')
}
