import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClient } from '@sluice/client'
import { type Journal, type Sql, connectPostgres, createJournal, migrate } from '@sluice/sql'
import { freshDatabase } from '@sluice/testbed'
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { runCli } from './run-cli.ts'

// The chain lies in a real PostgreSQL, is read over HTTP, and is recomputed by the command.

let sql: Sql
let journal: Journal
/** What every other trail is answered from. */
let other: Journal
/** The trail whose service does not answer. */
let away: string | undefined
let url: string
let schemas = 0
const server = createServer((request, response) => {
  const { searchParams } = new URL(request.url ?? '', 'http://x')
  const limit = Math.min(3, Number(searchParams.get('limit')))
  const of = searchParams.get('of')
  if (of === away) {
    response.writeHead(503, { 'content-type': 'application/problem+json' })
    return response.end(
      JSON.stringify({
        type: 'about:blank',
        status: 503,
        title: 'Unavailable',
        code: 'unavailable',
        detail: 'nobody answers',
      }),
    )
  }
  const asked = of === 'campaigns' ? journal : other
  void asked.readChain(sql, { cursor: searchParams.get('cursor') ?? undefined, limit }).then((page) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(page))
  })
})

beforeAll(async () => {
  sql = await connectPostgres({ url: await freshDatabase(inject('postgresUrl')) })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve))
  await sql.close()
})
beforeEach(async () => {
  journal = await newJournal()
  other = await newJournal()
  away = undefined
  for (const batch of [4, 7, 2]) {
    await write(batch)
    await journal.seal(sql)
  }
})

async function newJournal(): Promise<Journal> {
  const made = createJournal(`audit${++schemas}`)
  await migrate(sql, { schema: made.schema, migrations: made.migrations })
  return made
}

const CAMPAIGN = 'cmp_01KFAYV3W8Z7Q0M4R6T9XBCDEF'

const write = (count: number, to = journal) =>
  sql.transaction((tx) =>
    to.append(
      tx,
      Array.from({ length: count }, (_, index) => ({
        direction: 'note' as const,
        at: 1_700_000_000_000 + index,
        actor: 'service:test',
        kind: 'upgrade.moved',
        campaignId: index % 2 === 0 ? CAMPAIGN : undefined,
        data: { z: 1.5, a: { ü: [index, null, 'x\u0001'] } },
      })),
    ),
  )

/** What somebody with all rights on the database could do. */
const tamper = (statement: string) =>
  sql.query(
    `alter table ${journal.schema}.journal disable trigger all; ${statement.replaceAll('%', `${journal.schema}.`)}`,
  )

async function verify(...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []]
  const code = await runCli(['audit', 'verify', ...args], {
    connect: () => createClient({ url, token: 'x' }),
    say: (line) => out.push(line),
    complain: (line) => err.push(line),
    screen: null,
    signal: new AbortController().signal,
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

async function notedHead(): Promise<string[]> {
  const { out } = await verify()
  return /--head [0-9a-f]{64} --seq \d+/.exec(out)![0].split(' ')
}

test('a whole chain is told with its size, its head and what is not sealed yet', async () => {
  await write(3)
  const { code, out } = await verify('--campaign', CAMPAIGN)
  expect(code).toBe(0)
  expect(out).toContain('The chain of campaigns is whole: 13 entries in 3 batches.')
  expect(out).toContain('3 newest entries are not sealed yet')
  expect(out).toContain(`7 of them are about ${CAMPAIGN}`)
})

test('a head that was noted is still contained after the chain has grown', async () => {
  const noted = await notedHead()
  await write(5)
  await journal.seal(sql)
  expect(await verify(...noted)).toMatchObject({ code: 0 })
})

test.each([
  ['a changed entry', "update %journal set actor = 'somebody' where seq = 6", 'was changed, exchanged or moved'],
  ['a removed entry', 'delete from %journal where seq = 7', 'an entry of batch 2 is missing'],
  ['a removed last entry of a batch', 'delete from %journal where seq = 11', 'an entry of batch 2 is missing'],
  [
    'entries in another order',
    'alter table %journal alter column seq drop identity; update %journal set seq = -seq where seq in (5, 6); update %journal set seq = case seq when -5 then 6 else 5 end where seq < 0',
    'was changed, exchanged or moved',
  ],
  ['a removed batch', 'delete from %journal_batch where number = 2', 'batch 2 is missing'],
  [
    'an added entry',
    "insert into %journal (direction, at, actor, kind, data) values ('note', 1, 'x', 'x', '1')",
    'never sealed',
  ],
])('%s is found, with where it is', async (_, statement, said) => {
  await tamper(statement)
  const { code, err } = await verify()
  expect(code).toBe(1)
  expect(err).toContain('The chain of campaigns is broken')
  expect(err).toContain(said)
})

test('a tail that was cut off cleanly is found by the head that was noted, and by it alone', async () => {
  const noted = await notedHead()
  await tamper('delete from %journal where seq > 11; delete from %journal_batch where number = 3')
  expect(await verify()).toMatchObject({ code: 0 })
  const { code, err } = await verify(...noted)
  expect(code).toBe(1)
  expect(err).toContain('its end was cut off')
})

test('each trail is recomputed, the others too where one is broken, and one alone where it is named', async () => {
  await write(5, other)
  await other.seal(sql)
  await sql.query(`alter table ${other.schema}.journal disable trigger all`)
  await sql.query(`delete from ${other.schema}.journal where seq = 2`)
  const all = await verify()
  expect(all.code).toBe(1)
  expect(all.out).toContain('The chain of campaigns is whole')
  for (const trail of ['devices', 'tasks', 'trust', 'artifacts']) {
    expect(all.err).toContain(`The chain of ${trail} is broken`)
    expect(await verify('--of', trail)).toMatchObject({ code: 1, out: '' })
  }
  expect(await verify('--of', 'campaigns')).toMatchObject({ code: 0, err: '' })
  expect(await verify('--of', 'nobody')).toMatchObject({ code: 2 })
  expect(await verify('--of', 'trust', '--campaign', CAMPAIGN)).toMatchObject({ code: 2 })
})

test('the head that was said of a trail is looked for in that trail', async () => {
  await write(2, other)
  await other.seal(sql)
  const { out } = await verify('--of', 'trust')
  const said = /--of trust --head [0-9a-f]{64} --seq \d+/.exec(out)![0].split(' ')
  expect(await verify(...said)).toMatchObject({ code: 0 })
  expect((await verify(...said.slice(2))).err).toContain('The chain of campaigns is broken')
})

test('a trail whose service is away is told, and hides no other', async () => {
  away = 'tasks'
  const { code, out, err } = await verify()
  expect(code).toBe(1)
  expect(err).toMatch(/^The chain of tasks was not read to its end: .*$/)
  for (const trail of ['campaigns', 'devices', 'trust', 'artifacts'])
    expect(out).toContain(`chain of ${trail} is whole`)
})

test('a head that is none is a mistake of who typed it', async () => {
  expect(await verify('--head', 'abc', '--seq', '5')).toMatchObject({ code: 2 })
  expect(await verify('--seq', '5')).toMatchObject({ code: 2 })
})
