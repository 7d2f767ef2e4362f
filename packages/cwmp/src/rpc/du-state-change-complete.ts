import { clip, type Reading } from '../reading.ts'
import { textOf, type XmlElement } from '../xml-element.ts'
import { element, type Xml } from '../xml-writer.ts'
import { readDuResult, readResultStructs, type DuResult } from './du-result.ts'

/** TR-069 A.4.2.3: what became of the operations of one ChangeDUState, in their order. */
export interface DuStateChangeComplete {
  readonly kind: 'du_state_change_complete'
  readonly results: readonly DuResult[]
  readonly commandKey: string
}

export interface DuStateChangeCompleteResponse {
  readonly kind: 'du_state_change_complete_response'
}

export function decodeDuStateChangeComplete(message: XmlElement, reading: Reading): DuStateChangeComplete {
  return {
    kind: 'du_state_change_complete',
    results: readResultStructs(message, reading).map((struct) => readDuResult(struct, reading)),
    commandKey: clip(textOf(message, 'CommandKey'), 64),
  }
}

export function encodeDuStateChangeCompleteResponse(): Xml {
  return element('cwmp:DUStateChangeCompleteResponse')
}
