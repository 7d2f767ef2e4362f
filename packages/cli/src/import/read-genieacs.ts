import { type ImportedLine, faultAt } from './imported-line.ts'
import { withoutMark } from './read-lines.ts'

/** A device's whole data model is in there. */
const MOST_CHARS_OF_A_DEVICE = 33_554_432
const ROOTS = ['InternetGatewayDevice', 'Device']

/**
 * Devices as GenieACS's NBI answers them (GET /devices), as an array or one after the other: identity, tags, and what
 * it knows of credentials. Passwords that it never set are read back empty, and are none.
 */
export async function* readGenieacs(chunks: AsyncIterable<string>): AsyncGenerator<ImportedLine> {
  for await (const found of readObjects(chunks)) {
    if (found.text === null) yield faultAt(found.line, found.reason)
    else yield parsed(found.line, found.text)
  }
}

function parsed(line: number, text: string): ImportedLine {
  try {
    return { kind: 'value', line, value: deviceOf(JSON.parse(text)) }
  } catch {
    return faultAt(line, 'is not JSON')
  }
}

function deviceOf(device: unknown): unknown {
  const id = (name: string) => textAt(device, '_deviceId', name)
  const server = (name: string) =>
    ROOTS.map((root) => textAt(device, root, 'ManagementServer', name, '_value')).find((value) => value !== undefined)
  const tags = at(device, '_tags')
  const fields = {
    manufacturer: id('_Manufacturer'),
    oui: id('_OUI')?.toUpperCase(),
    productClass: id('_ProductClass') ?? '',
    serialNumber: id('_SerialNumber'),
    username: server('Username'),
    password: server('Password'),
    tags: Array.isArray(tags) && tags.length > 0 ? tags : undefined,
    connectionRequestUrl: server('ConnectionRequestURL'),
    connectionRequestUsername: server('ConnectionRequestUsername'),
    connectionRequestPassword: server('ConnectionRequestPassword'),
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function textAt(value: unknown, ...names: readonly string[]): string | undefined {
  const found = names.reduce(at, value)
  return typeof found === 'string' && found !== '' ? found : undefined
}

function at(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
}

type Found =
  | { readonly line: number; readonly text: string }
  | { readonly line: number; readonly text: null; readonly reason: string }

/**
 * The outermost objects of a text, one at a time, so that a dump of any length is read in the memory of one device.
 * What stands between them is an array's punctuation; anything else is told.
 */
async function* readObjects(chunks: AsyncIterable<string>): AsyncGenerator<Found> {
  let line = 1
  let startLine = 1
  let depth = 0
  let inString = false
  let isEscaped = false
  let parts: string[] = []
  let length = 0
  let isTooLong = false
  let strayLine: number | undefined
  for await (const chunk of withoutMark(chunks)) {
    let from = 0
    for (let index = 0; index < chunk.length; index += 1) {
      const char = chunk[index]!
      if (char === '\n') line += 1
      if (inString) {
        if (isEscaped) isEscaped = false
        else if (char === '\\') isEscaped = true
        else if (char === '"') inString = false
      } else if (char === '"' && depth > 0) inString = true
      else if (char === '{') {
        if (depth === 0) {
          startLine = line
          from = index
        }
        depth += 1
      } else if (char === '}' && depth > 0) {
        depth -= 1
        if (depth > 0) continue
        if (!isTooLong) parts.push(chunk.slice(from, index + 1))
        isTooLong ||= length + index + 1 - from > MOST_CHARS_OF_A_DEVICE
        yield isTooLong
          ? { line: startLine, text: null, reason: `is a device of more than ${MOST_CHARS_OF_A_DEVICE} characters` }
          : { line: startLine, text: parts.join('') }
        parts = []
        length = 0
        isTooLong = false
      } else if (depth === 0 && !/[\s,[\]]/.test(char) && strayLine !== line) {
        strayLine = line
        yield { line, text: null, reason: 'holds something that is no device' }
      }
    }
    if (depth === 0) continue
    length += chunk.length - from
    isTooLong ||= length > MOST_CHARS_OF_A_DEVICE
    if (isTooLong) parts = []
    else parts.push(chunk.slice(from))
  }
  if (depth > 0) yield { line: startLine, text: null, reason: 'begins a device that the file does not end' }
}
