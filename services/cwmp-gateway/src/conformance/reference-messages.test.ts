import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Field, openField } from './field.ts'
import { rawPost } from './raw-line.ts'

const fixtures = process.env['SLUICE_FIXTURES'] ?? ''
const isAbsent = fixtures === '' || !existsSync(join(fixtures, 'vendor-samples'))

let field: Field
beforeAll(async () => {
  field = await openField()
})
afterAll(() => field.close())

/** One POST of a CPE as it was captured: its head's own lines but for length, coding and host, and its body without chunks. */
interface Captured {
  readonly name: string
  readonly headers: readonly string[]
  readonly body: Buffer
}

function capturedPosts(): readonly Captured[] {
  return ['client-captures', 'vendor-samples'].flatMap((folder) =>
    readdirSync(join(fixtures, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(?:txt|xml)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
      .flatMap(postsIn),
  )
}

function postsIn(path: string): readonly Captured[] {
  const name = path.slice(fixtures.length + 1)
  const parts = readFileSync(path, 'latin1').split(/^(?=(?:POST [^\n]* HTTP|HTTP\/1\.[01] ))/m)
  return parts
    .map((text, at) => ({ text, name: parts.length > 1 ? `${name} ${at + 1}` : name }))
    .filter(({ text }) => !text.startsWith('HTTP/') && text.trim() !== '')
    .map(({ text, name }) => ({ name, ...capturedIn(text) }))
}

function capturedIn(text: string): Omit<Captured, 'name'> {
  const head = /^POST [\s\S]*?\r?\n\r?\n/.exec(text)?.[0]
  if (head === undefined) return { headers: [], body: Buffer.from(text, 'latin1') }
  const rest = text.slice(head.length)
  const isChunked = /^transfer-encoding: *chunked/im.test(head)
  return {
    headers: head
      .trim()
      .split(/\r?\n/)
      .slice(1)
      .filter((line) => !/^(?:content-length|transfer-encoding|host|connection|expect)\s*:/i.test(line)),
    body: Buffer.from(isChunked ? withoutChunks(rest) : rest, 'latin1'),
  }
}

function withoutChunks(text: string): string {
  const [line = '', hex = '0'] = /^\s*([0-9a-f]+)\r?\n/i.exec(text) ?? []
  const size = Number.parseInt(hex, 16)
  if (line === '' || size === 0) return ''
  return text.slice(line.length, line.length + size) + withoutChunks(text.slice(line.length + size))
}

/** What each is answered, sent alone: an Inform begins a session, an empty POST finds none, and nothing else is in one. */
function expectedStatus({ name, body }: Captured): number {
  const written = REFUSED.get(name)
  if (written !== undefined) return written
  const text = body.toString('latin1').replaceAll('\0', '').trim()
  if (text === '') return 204
  return /<(?:[\w-]+:)?Inform[\s>]/.test(text) ? 200 : 400
}

/** No Informs, since they have no envelope around them or are cut off. */
const REFUSED: ReadonlyMap<string, number> = new Map([
  ['vendor-samples/avm-fritzbox-capture.txt', 400],
  ['vendor-samples/jdalberg-bogus_inform_1.xml', 400],
  ['vendor-samples/jiuzhou-Inform.txt', 400],
])

const captured = isAbsent ? [] : capturedPosts()

test(`every reference message is answered over the socket: ${captured.length}`, async (context) => {
  if (isAbsent) context.skip('needs SLUICE_FIXTURES with vendor-samples/ and client-captures/')
  const answered: Record<string, number> = {}
  for (const message of captured) {
    const line = await field.line()
    const { status } = await line.ask(rawPost(message.body, ...message.headers))
    answered[message.name] = status
    line.drop()
  }
  expect(captured.length).toBeGreaterThan(80)
  expect(answered).toEqual(Object.fromEntries(captured.map((message) => [message.name, expectedStatus(message)])))
  const informs = Object.values(answered).filter((status) => status === 200).length
  await waitUntil(() => field.stand.informed.length === informs)
  const cpe = field.cpe()
  expect((await cpe.contact()).rpc).toBe('InformResponse')
  expect((await cpe.empty()).status).toBe(204)
})
