import { SqlError } from './sql-error.ts'

/** Readers by type id (pg_type.oid), the same for both implementations. Types that are not listed are read as text. */
const decoders: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === 't',
  17: decodeBytes,
  20: decodeInt8,
  21: Number,
  23: Number,
  26: Number,
  700: Number,
  701: Number,
  114: (text) => JSON.parse(text),
  3802: (text) => JSON.parse(text),
  1184: decodeTimestamp,
}

/** Array type -> type of its elements, for arrays of the above and of text, varchar, numeric, uuid. */
const elementTypes: Readonly<Record<number, number>> = {
  1000: 16,
  1001: 17,
  1016: 20,
  1005: 21,
  1007: 23,
  1028: 26,
  1021: 700,
  1022: 701,
  199: 114,
  3807: 3802,
  1185: 1184,
  1009: 25,
  1015: 1043,
  1231: 1700,
  2951: 2950,
}

/** Reads one column's text. */
export function decodeValue(typeId: number, text: string): unknown {
  const elementType = elementTypes[typeId]
  if (elementType !== undefined) return decodeArray(text, (item) => decodeValue(elementType, item))
  return decoders[typeId]?.(text) ?? text
}

function decodeBytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.slice(2), 'hex'))
}

function decodeInt8(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value))
    throw new SqlError('invalid', `${text} is beyond the integers a number holds exactly`)
  return value
}

/** `2026-11-20 16:00:00.123+00`: sessions run in UTC and the ISO style. */
function decodeTimestamp(text: string): number {
  const value = Date.parse(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'))
  if (Number.isNaN(value)) throw new SqlError('invalid', `${text} is not a time a number can hold`)
  return value
}

/** PostgreSQL's array output: `{1,NULL,"a \"b\"",{...}}`. */
function decodeArray(text: string, decodeItem: (item: string) => unknown): unknown[] {
  let at = text.indexOf('{') // an array with unusual bounds starts with `[2:3]=`
  const readList = (): unknown[] => {
    const items: unknown[] = []
    at++
    while (text[at] !== '}') {
      if (text[at] === ',') at++
      else if (text[at] === '{') items.push(readList())
      else if (text[at] === '"') items.push(decodeItem(readQuoted()))
      else items.push(readBare())
    }
    at++
    return items
  }
  const readQuoted = (): string => {
    let item = ''
    for (at++; text[at] !== '"'; at++) {
      if (text[at] === '\\') at++
      item += text[at]
    }
    at++
    return item
  }
  const readBare = (): unknown => {
    const start = at
    while (text[at] !== ',' && text[at] !== '}') at++
    const item = text.slice(start, at)
    return item === 'NULL' ? null : decodeItem(item)
  }
  return readList()
}

/** Every type id that is not read as plain text. */
export const decodedTypes: readonly string[] = [...Object.keys(decoders), ...Object.keys(elementTypes)]
