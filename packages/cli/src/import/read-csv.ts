import { UsageError } from '../command.ts'
import { type ImportedLine, faultAt } from './imported-line.ts'
import { type Line, MOST_CHARS_OF_A_LINE, readLines } from './read-lines.ts'

const COLUMNS = [
  'manufacturer',
  'oui',
  'productClass',
  'serialNumber',
  'username',
  'password',
  'tags',
  'site',
  'region',
  'accessNode',
  'zone',
  'connectionRequestUrl',
  'connectionRequestUsername',
  'connectionRequestPassword',
]
const NEEDED = ['oui', 'productClass', 'serialNumber']
/** A quote that is never closed would swallow the rest of the file as one field. */
const MOST_LINES_OF_A_RECORD = 16

interface CsvRecord {
  readonly line: number
  /** Null where the record cannot be read; `reason` says why. */
  readonly fields: readonly string[] | null
  readonly reason: string
}

/**
 * RFC 4180 with a header line of the names of ImportedDevice, in any order. Tags are separated by semicolons; an
 * empty field is none.
 */
export async function* readCsv(chunks: AsyncIterable<string>): AsyncGenerator<ImportedLine> {
  let header: readonly string[] | undefined
  for await (const { line, fields, reason } of readRecords(readLines(chunks))) {
    if (header === undefined) header = headerOf(fields ?? [])
    else if (fields === null) yield faultAt(line, reason)
    else if (fields.length !== header.length) {
      yield faultAt(line, `has ${fields.length} fields where the header has ${header.length}`)
    } else yield { kind: 'value', line, value: deviceOf(header, fields) }
  }
}

function headerOf(names: readonly string[]): readonly string[] {
  const header = names.map((name) => name.trim())
  const unknown = header.filter((name) => !COLUMNS.includes(name))
  if (unknown.length > 0) throw new UsageError(`line 1: no such column: ${unknown.join(', ')}; ${COLUMNS.join(', ')}`)
  const missing = NEEDED.filter((name) => !header.includes(name))
  if (missing.length > 0) throw new UsageError(`line 1: a header line is needed, with ${missing.join(', ')}`)
  if (new Set(header).size < header.length) throw new UsageError('line 1: a column stands there twice')
  return header
}

function deviceOf(header: readonly string[], fields: readonly string[]): unknown {
  const given = header.flatMap((name, index): [string, unknown][] => {
    const field = fields[index] ?? ''
    if (name === 'productClass') return [[name, field]]
    if (field === '') return []
    if (name === 'oui') return [[name, field.toUpperCase()]]
    if (name === 'tags') return [[name, field.split(';').flatMap((tag) => tag.trim() || [])]]
    return [[name, field]]
  })
  return Object.fromEntries(given)
}

/** Records, each of as many lines as its quotes ask for. After one that is not closed, its other lines are read anew. */
async function* readRecords(lines: AsyncIterable<Line>): AsyncGenerator<CsvRecord> {
  let held: Line[] = []
  for await (const line of lines) {
    held.push(line)
    while (held.length > 0) {
      const { record, used } = recordOf(held, held.length >= MOST_LINES_OF_A_RECORD)
      if (record === 'more') break
      held = held.slice(used)
      if (record !== 'none') yield record
    }
  }
  while (held.length > 0) {
    const { record, used } = recordOf(held, true)
    held = held.slice(used)
    if (record !== 'none' && record !== 'more') yield record
  }
}

function recordOf(
  held: readonly Line[],
  isAll: boolean,
): { readonly record: CsvRecord | 'none' | 'more'; readonly used: number } {
  const first = held[0]!
  const bad = (reason: string) => ({ record: { line: first.number, fields: null, reason }, used: 1 })
  if (first.isTooLong) return bad(`is longer than ${MOST_CHARS_OF_A_LINE} characters`)
  if (first.text === '') return { record: 'none', used: 1 }
  for (let used = 1; used <= held.length; used += 1) {
    if (held[used - 1]!.isTooLong) return bad('has a quote that is not closed')
    const text = held.slice(0, used).map((line) => line.text)
    const fields = fieldsOf(text.join('\n'))
    if (fields === 'malformed') return bad('has a quote where none may be')
    if (fields !== 'open') return { record: { line: first.number, fields, reason: '' }, used }
  }
  return isAll ? bad('has a quote that is not closed') : { record: 'more', used: 0 }
}

/** `open`: a quote is not closed yet. */
function fieldsOf(text: string): string[] | 'open' | 'malformed' {
  const fields: string[] = []
  let at = 0
  for (;;) {
    let field = ''
    if (text[at] === '"') {
      for (at += 1; ; at += 2) {
        const quote = text.indexOf('"', at)
        if (quote === -1) return 'open'
        field += text.slice(at, quote)
        at = quote
        if (text[at + 1] !== '"') break
        field += '"'
      }
      at += 1
    } else {
      const comma = text.indexOf(',', at)
      const end = comma === -1 ? text.length : comma
      field = text.slice(at, end)
      if (field.includes('"')) return 'malformed'
      at = end
    }
    fields.push(field)
    if (at === text.length) return fields
    if (text[at] !== ',') return 'malformed'
    at += 1
  }
}
