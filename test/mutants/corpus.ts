import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { builtInMessages } from './built-in-messages.ts'

/** One message as it is put on the wire. */
export interface Sample {
  readonly name: string
  /** Of its head, whole lines: all but who it is from, its session and its length, which are the sender's. */
  readonly headers: readonly string[]
  readonly body: Buffer
}

const OF_THE_SENDER = /^(?:host|connection|content-length|transfer-encoding|expect|authorization|cookie\d?)\s*:/i

/** Messages of ours, and before them those of real devices where there are any (SLUICE_FIXTURES). */
export function readCorpus(fixtures: string): readonly Sample[] {
  const ours = Object.entries(builtInMessages).map(([name, text]) => ({
    name,
    headers: text === '' ? [] : ['Content-Type: text/xml; charset=utf-8', 'SOAPAction: ""'],
    body: Buffer.from(text),
  }))
  return [...referenceMessages(fixtures), ...ours]
}

function referenceMessages(fixtures: string): Sample[] {
  if (fixtures === '' || !existsSync(fixtures)) return []
  return readdirSync(fixtures, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:txt|xml)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .flatMap((path) => postsIn(path.slice(fixtures.length + 1), readFileSync(path, 'latin1')))
}

/** A file holds one message, or a conversation: what the server said in it is left out. */
function postsIn(name: string, text: string): Sample[] {
  return text
    .split(/^(?=(?:POST [^\n]* HTTP|HTTP\/1\.[01] ))/m)
    .filter((message) => !message.startsWith('HTTP/') && message.trim() !== '')
    .map((message, at) => {
      const head = /^POST [\s\S]*?\r?\n\r?\n/.exec(message)?.[0] ?? ''
      const lines = head.trim().split(/\r?\n/).slice(1)
      const rest = message.slice(head.length)
      const body = lines.some((line) => /^transfer-encoding: *chunked/i.test(line)) ? withoutChunks(rest) : rest
      return {
        name: `${name} ${at + 1}`,
        headers: lines.filter((line) => !OF_THE_SENDER.test(line)),
        body: Buffer.from(body, 'latin1'),
      }
    })
}

function withoutChunks(text: string): string {
  const [line = '', hex = '0'] = /^\s*([0-9a-f]+)\r?\n/i.exec(text) ?? []
  const size = Number.parseInt(hex, 16)
  if (line === '' || size === 0) return ''
  return text.slice(line.length, line.length + size) + withoutChunks(text.slice(line.length + size))
}
