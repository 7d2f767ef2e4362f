import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One HTTP message of the reference messages: what a decoder gets of it. */
export interface Sample {
  /** Folder and file, and which message of the file where it holds several. */
  readonly name: string
  readonly body: Buffer
  readonly contentType: string | undefined
}

export const fixtures = process.env['SLUICE_FIXTURES'] ?? ''
export const corpusIsAbsent = fixtures === '' || !existsSync(join(fixtures, 'vendor-samples'))
export const whyAbsent = '(needs SLUICE_FIXTURES with vendor-samples/ and client-captures/)'

/** Every message of devices and servers in the reference messages, without its HTTP. */
export function readCorpus(): readonly Sample[] {
  if (corpusIsAbsent) return []
  return readdirSync(fixtures, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:txt|xml)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .flatMap(messagesOf)
}

function messagesOf(path: string): Sample[] {
  const messages = readFileSync(path, 'latin1').split(/^(?=(?:POST [^\n]* HTTP|HTTP\/1\.[01] ))/m)
  return messages.map((message, index) => ({
    name: `${path.slice(fixtures.length + 1)}${messages.length > 1 ? ` ${index + 1}` : ''}`,
    ...withoutHttp(message),
  }))
}

/** Takes head and chunking away, as the HTTP server does before a body is decoded. */
function withoutHttp(message: string): Pick<Sample, 'body' | 'contentType'> {
  const head = /^(?:POST|HTTP\/1\.[01]) [\s\S]*?\r?\n\r?\n/.exec(message)?.[0]
  if (head === undefined) return { body: Buffer.from(message, 'latin1'), contentType: undefined }
  const contentType = /^content-type: *(.*?)\r?$/im.exec(head)?.[1]
  const rest = message.slice(head.length)
  const body = /^transfer-encoding: *chunked/im.test(head) ? withoutChunks(rest) : rest
  return { body: Buffer.from(body, 'latin1'), contentType }
}

function withoutChunks(text: string): string {
  let out = ''
  let rest = text
  for (;;) {
    const [line = '', hex = '0'] = /^\s*([0-9a-f]+)\r?\n/i.exec(rest) ?? []
    const size = parseInt(hex, 16)
    if (size === 0 || line === '') return out
    out += rest.slice(line.length, line.length + size)
    rest = rest.slice(line.length + size)
  }
}
