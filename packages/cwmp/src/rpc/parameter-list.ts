import type { Reading } from '../reading.ts'
import { childOf, textOf, type XmlElement } from '../xml-element.ts'

export interface ParameterValue {
  readonly name: string
  readonly value: string
  /** xsi:type without prefix (`string`, `unsignedInt`); null where not sent. */
  readonly type: string | null
}

/** The ParameterList of Inform and GetParameterValuesResponse: what is there counts, not arrayType. */
export function readParameterList(parent: XmlElement, reading: Reading): readonly ParameterValue[] {
  const list = childOf(parent, 'ParameterList')
  if (list === undefined) {
    reading.warn('parameter_list_missing')
    return []
  }
  const structs = list.children.filter((child) => child.name === 'ParameterValueStruct')
  if (announcedCount(list) !== null && announcedCount(list) !== structs.length) reading.warn('array_count_wrong')
  return structs.map((struct) => {
    const value = childOf(struct, 'Value')
    if (value === undefined) reading.warn('value_missing')
    return { name: textOf(struct, 'Name'), value: value?.text ?? '', type: value === undefined ? null : typeOf(value) }
  })
}

function announcedCount(list: XmlElement): number | null {
  const arrayType = attributeEndingWith(list, 'arrayType')
  const found = /\[([0-9]{1,9})\]$/.exec(arrayType ?? '')
  return found === null ? null : Number(found[1])
}

function typeOf(value: XmlElement): string | null {
  const type = attributeEndingWith(value, 'type')
  const local = type?.slice(type.indexOf(':') + 1) ?? ''
  return local === '' ? null : local
}

function attributeEndingWith(element: XmlElement, local: string): string | undefined {
  for (const [name, value] of element.attributes) {
    if (name === local || name.endsWith(`:${local}`)) return value
  }
  return undefined
}
