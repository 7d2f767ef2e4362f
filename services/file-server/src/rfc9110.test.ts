import { randomBytes } from 'node:crypto'
import { copyFile, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { startNginx } from '@sluice/testbed'
import { afterAll, describe, expect, it } from 'vitest'
import { ask, type Answered } from './testing/ask.ts'
import { openStand } from './testing/stand.ts'

/**
 * Each request goes to the file server and to a real nginx that serves the same bytes; what they answer is the same, or
 * the difference stands here with its reason. nginx has a date for its file and another ETag: `{etag}`, `{weak}` and the
 * dates stand for what fits the server asked.
 */
interface Case {
  readonly headers: Readonly<Record<string, string>>
  readonly method?: 'HEAD'
  /** Status, and the first and last byte of a part. */
  readonly ours: string
  /** Where nginx answers something else, and why we do not. */
  readonly nginx?: string
  readonly because?: string
}

const SIZE = 100_000
const range = (text: string, ours: string, nginx?: string, because?: string): Case => ({
  headers: { range: text },
  ours,
  ...(nginx === undefined ? {} : { nginx, because: because! }),
})
const MAY_IGNORE = '14.2: a range that is none may be ignored; a device that writes it so gets its image, not a fault'
const NO_DATE =
  '13.1.3, 13.1.4, 13.1.5: an image is its digest and has no date, and who has none ignores conditions on it'
const TOO_LONG = '14.1.2: a position behind the end means the end, however many digits it has; nginx counts to 2^63'

const cases: readonly Case[] = [
  { headers: {}, ours: '200' },
  range('bytes=0-0', '206 0-0'),
  range('bytes=0-99', '206 0-99'),
  range('bytes=0-', '206 0-99999'),
  range('bytes=500-999', '206 500-999'),
  range('bytes=99999-', '206 99999-99999'),
  range('bytes=99999-99999', '206 99999-99999'),
  range('bytes=0-99999', '206 0-99999'),
  range('bytes=99000-100000', '206 99000-99999'),
  range('bytes=99000-999999999', '206 99000-99999'),
  range('bytes=-1', '206 99999-99999'),
  range('bytes=-500', '206 99500-99999'),
  range('bytes=-100000', '206 0-99999'),
  range('bytes=-100001', '206 0-99999'),
  range('bytes=-0', '416'),
  range('bytes=100000-', '416'),
  range('bytes=100000-100001', '416'),
  range('bytes=200000-300000', '416'),
  range('bytes=5-4', '200', '416', MAY_IGNORE),
  range('BYTES=0-9', '206 0-9'),
  range('bytes=00000000000000000000001-0002', '206 1-2'),
  range('bytes=0-99999999999999999999999', '206 0-99999', '416', TOO_LONG),
  range('bytes=-99999999999999999999999', '206 0-99999', '416', TOO_LONG),
  range('bytes=99999999999999999999999-', '416'),
  range('bytes=-', '200', '416', MAY_IGNORE),
  range('bytes=', '200'),
  range('bytes=a-b', '200', '416', MAY_IGNORE),
  range('bytes=0x1-0x2', '200', '416', MAY_IGNORE),
  range('bytes=1', '200', '416', MAY_IGNORE),
  range('bytes=1-2-3', '200', '416', MAY_IGNORE),
  range('bytes=-5-', '200', '416', MAY_IGNORE),
  range('bytes=1.5-2', '200', '416', MAY_IGNORE),
  range('bytes 0-9', '200'),
  range('bytes: 0-9', '200'),
  range('0-9', '200'),
  range('seconds=0-9', '200'),
  range('none', '200'),
  range('bytes= 0-9', '206 0-9'),
  range('bytes=0-9 ', '206 0-9'),
  range('bytes=0 - 9', '200', '206 0-9', '14.1.1: no space belongs there'),
  range('bytes =0-9', '200'),
  range('bytes=,0-9', '206 0-9', '416', '5.6.1.2: empty elements of a list do not count'),
  range('bytes=0-9,', '206 0-9', '416', '5.6.1.2: empty elements of a list do not count'),
  ...[
    'bytes=0-0,-1',
    'bytes=0-99,200-299',
    'bytes=0-9, 5-14',
    `bytes=${Array.from({ length: 200 }, () => '0-').join()}`,
  ].map((text): Case =>
    range(
      text,
      '200',
      text.length > 500 ? '200' : '206 parts',
      '14.2 and 15.3.7.2: several ranges may be answered with the whole; no CPE reads multipart/byteranges',
    ),
  ),

  { method: 'HEAD', headers: {}, ours: '200' },
  {
    method: 'HEAD',
    headers: { range: 'bytes=0-9' },
    ours: '200',
    nginx: '206 0-9',
    because: '14.2: Range is defined for GET alone',
  },
  {
    method: 'HEAD',
    headers: { range: 'bytes=100000-' },
    ours: '200',
    nginx: '416',
    because: '14.2: Range is defined for GET alone',
  },
  { method: 'HEAD', headers: { 'if-none-match': '{etag}' }, ours: '304' },
  { method: 'HEAD', headers: { 'if-match': '"another"' }, ours: '412' },

  { headers: { 'if-match': '{etag}' }, ours: '200' },
  { headers: { 'if-match': '*' }, ours: '200' },
  { headers: { 'if-match': '"another"' }, ours: '412' },
  { headers: { 'if-match': '"another", {etag}' }, ours: '200' },
  { headers: { 'if-match': '"a,b" ,{etag}' }, ours: '200' },
  { headers: { 'if-match': '{weak}' }, ours: '412' },
  { headers: { 'if-match': '{etag}', range: 'bytes=5-9' }, ours: '206 5-9' },
  { headers: { 'if-match': '"another"', range: 'bytes=5-9' }, ours: '412' },
  { headers: { 'if-match': '"another"', range: 'bytes=100000-' }, ours: '412' },

  { headers: { 'if-none-match': '{etag}' }, ours: '304' },
  { headers: { 'if-none-match': '{weak}' }, ours: '304' },
  { headers: { 'if-none-match': '*' }, ours: '304' },
  { headers: { 'if-none-match': '"another"' }, ours: '200' },
  { headers: { 'if-none-match': '"another", W/"more", {weak}' }, ours: '304' },
  { headers: { 'if-none-match': '"another"', range: 'bytes=5-9' }, ours: '206 5-9' },
  { headers: { 'if-none-match': '{etag}', range: 'bytes=5-9' }, ours: '304' },
  { headers: { 'if-none-match': '{etag}', range: 'bytes=100000-' }, ours: '304' },

  { headers: { 'if-range': '{etag}', range: 'bytes=5-9' }, ours: '206 5-9' },
  { headers: { 'if-range': '{etag}', range: 'bytes=100000-' }, ours: '416' },
  { headers: { 'if-range': '{weak}', range: 'bytes=5-9' }, ours: '200' },
  { headers: { 'if-range': '"another"', range: 'bytes=5-9' }, ours: '200' },
  { headers: { 'if-range': '"another"', range: 'bytes=100000-' }, ours: '200' },
  { headers: { 'if-range': '{etag}' }, ours: '200' },
  { headers: { 'if-range': '*', range: 'bytes=5-9' }, ours: '200' },
  { headers: { 'if-range': 'nonsense', range: 'bytes=5-9' }, ours: '200' },
  { headers: { 'if-range': '{before}', range: 'bytes=5-9' }, ours: '200' },
  { headers: { 'if-range': '{date}', range: 'bytes=5-9' }, ours: '200', nginx: '206 5-9', because: NO_DATE },

  { headers: { 'if-modified-since': '{before}' }, ours: '200' },
  { headers: { 'if-modified-since': '{date}' }, ours: '200', nginx: '304', because: NO_DATE },
  { headers: { 'if-modified-since': 'yesterday' }, ours: '200' },
  { headers: { 'if-unmodified-since': '{date}' }, ours: '200' },
  { headers: { 'if-unmodified-since': '{after}' }, ours: '200' },
  { headers: { 'if-unmodified-since': '{before}' }, ours: '200', nginx: '412', because: NO_DATE },

  { headers: { 'if-match': '{etag}', 'if-none-match': '{etag}' }, ours: '304' },
  { headers: { 'if-match': '"another"', 'if-none-match': '{etag}' }, ours: '412' },
  {
    headers: { 'if-match': '{etag}', 'if-unmodified-since': '{before}' },
    ours: '200',
    nginx: '412',
    because: '13.2.2: If-Unmodified-Since counts only without If-Match',
  },
  { headers: { 'if-match': '"another"', 'if-unmodified-since': '{after}' }, ours: '412' },
  { headers: { 'if-none-match': '"another"', 'if-modified-since': '{date}' }, ours: '200' },
  {
    headers: { 'if-none-match': '{etag}', 'if-modified-since': '{before}' },
    ours: '304',
    nginx: '200',
    because: '13.2.2: If-Modified-Since counts only without If-None-Match',
  },
  { headers: { 'if-match': '{etag}', 'if-range': '"another"', range: 'bytes=5-9' }, ours: '200' },
  { headers: { 'if-match': '{etag}', 'if-range': '{etag}', range: 'bytes=5-9' }, ours: '206 5-9' },
  { headers: { 'if-none-match': '{etag}', 'if-range': '{etag}', range: 'bytes=5-9' }, ours: '304' },
]

const stand = await openStand()
const image = await stand.store(randomBytes(SIZE))
const { port } = await stand.start()
const modified = new Date(Date.UTC(2026, 0, 2, 3, 4, 5))
const oneDay = 24 * 3_600_000
const nginx = await serveByNginx()

async function serveByNginx() {
  const server = await startNginx((at, directory) => `server { listen 127.0.0.1:${at}; root ${directory}; }`)
  const file = join(server.directory, 'fw.bin')
  await copyFile(join(stand.directory, 'sha256', image.sha256), file)
  await utimes(file, modified, modified)
  return server
}

afterAll(async () => {
  await nginx.stop()
  await stand.close()
})

function written(headers: Case['headers'], etag: string): Record<string, string> {
  const stands: Record<string, string> = {
    etag,
    weak: `W/${etag}`,
    date: modified.toUTCString(),
    before: new Date(modified.getTime() - oneDay).toUTCString(),
    after: new Date(modified.getTime() + oneDay).toUTCString(),
  }
  const fill = (text: string) => text.replaceAll(/\{(\w+)\}/g, (_, name: string) => stands[name]!)
  return Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, fill(text)]))
}

/** What an answer is, in a word, after its length and its bytes were found to be what its head says. */
function told({ status, headers, body }: Answered, method: string): string {
  if (headers['content-type']?.startsWith('multipart/')) return `${status} parts`
  if (status !== 200 && status !== 206) {
    if (status === 416) expect(headers['content-range']).toBe(`bytes */${SIZE}`)
    return String(status)
  }
  const part = /^bytes (\d+)-(\d+)\/100000$/.exec(headers['content-range'] ?? '')
  expect(part !== null).toBe(status === 206)
  const [first, last] = part === null ? [0, SIZE - 1] : [Number(part[1]), Number(part[2])]
  expect(headers['content-length']).toBe(String(last - first + 1))
  const bytes = method === 'HEAD' ? Buffer.alloc(0) : image.bytes.subarray(first, last + 1)
  expect(body.equals(bytes)).toBe(true)
  return part === null ? '200' : `206 ${first}-${last}`
}

describe('ranges and conditions', () => {
  const named = cases.map((one) => {
    const headers = Object.entries(one.headers).map(([name, text]) => `${name}: ${text.slice(0, 60)}`)
    return [[one.method ?? 'GET', ...headers].join(' | '), one] as const
  })

  it.each(named)('are answered by RFC 9110: %s', async (_, { headers, method = 'GET', ours }) => {
    const { path } = stand.grant(image.artifactId)
    const answer = await ask(port, path, written(headers, `"${image.sha256}"`), method)
    expect(told(answer, method)).toBe(ours)
    // RFC 9110 15.4.5: a 304 says which one is meant.
    if (answer.status === 304) expect(answer.headers.etag).toBe(`"${image.sha256}"`)
    else expect(answer.headers['accept-ranges']).toBe('bytes')
  })

  it.each(named)(
    'are answered as by nginx, or it is said why not: %s',
    async (_, { headers, method = 'GET', ours, nginx: theirs, because }) => {
      const { etag } = (await ask(nginx.port, '/fw.bin', {}, 'HEAD')).headers
      const answer = await ask(nginx.port, '/fw.bin', written(headers, etag!), method)
      expect(told(answer, method)).toBe(theirs ?? ours)
      if (theirs !== undefined && theirs !== ours) expect(because).toMatch(/^\d+\.\d+/)
    },
  )
})
