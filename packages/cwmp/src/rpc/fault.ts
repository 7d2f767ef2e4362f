import { faultCodes } from '../fault-codes.ts'
import { clip, readUnsigned, type Reading } from '../reading.ts'
import { childOf, textOf, type XmlElement } from '../xml-element.ts'
import { element, type Xml } from '../xml-writer.ts'
import { clipped, MAX_ITEMS } from './list.ts'

/** A SOAP fault a CPE sent instead of a response (TR-069 3.5, A.5.1). */
export interface CpeFault {
  readonly kind: 'fault'
  /** FaultCode of the detail; 9001 with the warning `fault_without_detail` where none could be read. */
  readonly code: number
  /** FaultString, else the SOAP faultstring; at most 256 characters. */
  readonly text: string
  /** SetParameterValuesFault: what was wrong with single parameters. */
  readonly parameterFaults: readonly ParameterFault[]
}

export interface ParameterFault {
  readonly name: string
  readonly code: number
  readonly text: string
}

/** A SOAP fault of the ACS (TR-069 A.5.2). */
export interface AcsFault {
  readonly kind: 'acs_fault'
  readonly code: AcsFaultCode
  /** Overrides the standard text. */
  readonly text?: string
}

export type AcsFaultCode = 8000 | 8001 | 8002 | 8003 | 8004 | 8005 | 8006

export function decodeFault(fault: XmlElement, reading: Reading): CpeFault {
  const detail = detailOf(fault, reading)
  const code = detail === undefined ? null : readUnsigned(textOf(detail, 'FaultCode'), reading)
  if (code === null) reading.warn('fault_without_detail')
  return {
    kind: 'fault',
    code: code ?? 9001,
    text: clip(textOf(detail, 'FaultString') || textOf(fault, 'faultstring'), 256),
    parameterFaults: readParameterFaults(detail, reading),
  }
}

/** cwmp:Fault in the detail; else whatever holds a FaultCode: some CPE put it into the faultstring, or leave it bare. */
function detailOf(fault: XmlElement, reading: Reading): XmlElement | undefined {
  const proper = childOf(childOf(fault, 'detail'), 'Fault')
  if (proper !== undefined) return proper
  const misplaced = holderOfCode(fault)
  if (misplaced !== undefined) reading.warn('fault_detail_misplaced')
  return misplaced
}

function holderOfCode(element: XmlElement): XmlElement | undefined {
  if (childOf(element, 'FaultCode') !== undefined) return element
  for (const child of element.children) {
    const found = holderOfCode(child)
    if (found !== undefined) return found
  }
  return undefined
}

function readParameterFaults(detail: XmlElement | undefined, reading: Reading): readonly ParameterFault[] {
  const structs = (detail?.children ?? []).filter((child) => child.name === 'SetParameterValuesFault')
  return clipped(structs, MAX_ITEMS, reading).map((struct) => readParameterFault(struct, reading))
}

function readParameterFault(child: XmlElement, reading: Reading): ParameterFault {
  return {
    name: clip(textOf(child, 'ParameterName'), 256),
    code: readUnsigned(textOf(child, 'FaultCode'), reading) ?? 9001,
    text: clip(textOf(child, 'FaultString'), 256),
  }
}

export function encodeFault(message: AcsFault, soapPrefix: string): Xml {
  const entry = faultCodes.get(message.code)
  return element(`${soapPrefix}:Fault`, [
    element('faultcode', entry?.type ?? 'Server'),
    element('faultstring', 'CWMP fault'),
    element('detail', [
      element('cwmp:Fault', [
        element('FaultCode', message.code),
        element('FaultString', message.text ?? entry?.meaning ?? ''),
      ]),
    ]),
  ])
}
