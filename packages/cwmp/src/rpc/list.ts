import type { WarningCode } from '../message.ts'
import type { Reading } from '../reading.ts'
import { childOf, type XmlElement } from '../xml-element.ts'

/** Items of one array that are read; a whole data model of a large gateway has about 8,000 names. */
export const MAX_ITEMS = 20_000

/** Names of the elements an array consists of, and the warning where the array is missing altogether. */
export interface ListNames {
  readonly list: string
  readonly item: string
  readonly missing?: WarningCode
}

/**
 * The items of an array: what is there counts, not arrayType, which CPE get wrong. A missing array is an empty
 * one, with a warning.
 */
export function readList(parent: XmlElement, names: ListNames, reading: Reading): readonly XmlElement[] {
  const list = childOf(parent, names.list)
  if (list === undefined) {
    reading.warn(names.missing ?? 'list_missing')
    return []
  }
  const items = itemsOf(list, names.item, reading)
  const announced = announcedCount(list)
  if (announced !== null && announced !== items.length) reading.warn('array_count_wrong')
  return clipped(items, MAX_ITEMS, reading)
}

/** Those of the schema's name; where there are none, all: SOAP libraries call them `item`, and one CPE mixes names up. */
function itemsOf(list: XmlElement, name: string, reading: Reading): readonly XmlElement[] {
  const items = list.children.filter((child) => child.name === name)
  if (items.length > 0 || list.children.length === 0) return items
  reading.warn('list_item_name')
  return list.children
}

/** At most `max` items, with a warning where there were more. */
export function clipped(items: readonly XmlElement[], max: number, reading: Reading): readonly XmlElement[] {
  if (items.length <= max) return items
  reading.warn('list_clipped')
  return items.slice(0, max)
}

function announcedCount(list: XmlElement): number | null {
  const found = /\[([0-9]{1,9})\]$/.exec(attributeEndingWith(list, 'arrayType') ?? '')
  return found === null ? null : Number(found[1])
}

/** An attribute by local name. */
export function attributeEndingWith(element: XmlElement, local: string): string | undefined {
  for (const [name, value] of element.attributes) {
    if (name === local || name.endsWith(`:${local}`)) return value
  }
  return undefined
}
