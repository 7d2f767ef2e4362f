import type { Reading } from '../reading.ts'
import { childOf, textOf, type XmlElement } from '../xml-element.ts'
import { attributeEndingWith, readList } from './list.ts'

export interface ParameterValue {
  readonly name: string
  readonly value: string
  /** xsi:type without prefix (`string`, `unsignedInt`); null where not sent. */
  readonly type: string | null
}

/** The ParameterList of Inform and GetParameterValuesResponse. */
export function readParameterList(parent: XmlElement, reading: Reading): readonly ParameterValue[] {
  const names = { list: 'ParameterList', item: 'ParameterValueStruct', missing: 'parameter_list_missing' } as const
  return readList(parent, names, reading).map((struct) => {
    const value = childOf(struct, 'Value')
    if (value === undefined) reading.warn('value_missing')
    const type = value === undefined ? null : typeOf(value)
    return { name: textOf(struct, 'Name'), value: valueOf(value, type), type }
  })
}

/** Blanks are part of a string: an SSID may begin with one. With line ends among them they are the CPE's indentation. */
function valueOf(value: XmlElement | undefined, type: string | null): string {
  const { text = '', spaced = text } = value ?? {}
  return (type === 'string' || type === null) && !/^\s*[\r\n]|[\r\n]\s*$/.test(spaced) ? spaced : text
}

function typeOf(value: XmlElement): string | null {
  const type = attributeEndingWith(value, 'type')
  const local = type?.slice(type.indexOf(':') + 1) ?? ''
  return local === '' ? null : local
}
