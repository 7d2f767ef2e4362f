import { clip, readUnsigned, type Reading } from '../reading.ts'
import { childOf, textOf, type XmlElement } from '../xml-element.ts'

/** The FaultStruct of a completed operation (TR-069 tables 45, 48, 81 and 85). */
export interface OperationFault {
  /** 0 is success, also where the struct is missing; 9001 where the code cannot be read. */
  readonly faultCode: number
  /** At most 256 characters. */
  readonly faultString: string
}

export function readOperationFault(parent: XmlElement, name: string, reading: Reading): OperationFault {
  const fault = childOf(parent, name)
  return {
    faultCode: fault === undefined ? 0 : (readUnsigned(textOf(fault, 'FaultCode'), reading) ?? 9001),
    faultString: clip(textOf(fault, 'FaultString'), 256),
  }
}
