import { execFile } from 'node:child_process'
import { chown, mkdtemp, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createLog } from '@sluice/runtime'
import { connectPostgres, type Sql } from '@sluice/sql'
import { freshDatabase, startPostgres, type TestServer, waitUntil } from '@sluice/testbed'
import { afterAll, afterEach, beforeEach, expect, inject, test } from 'vitest'
import { books } from './testing/books.ts'
import { campaign, claimReply, go, observe, running, until, upgrades } from './testing/drive.ts'
import { closeEmbedded, createWorld, type World } from './testing/world.ts'

const run = promisify(execFile)
const NO_RIGHTS = 'mounting a small file system needs rights that this process lacks'
/** More often than an event is handed over whose handler is at fault itself. */
const TRIES = 60

let lines: string[]
let world: World | undefined
beforeEach(() => void (lines = []))
afterEach(async () => {
  await world?.close()
  world = undefined
})
afterAll(closeEmbedded)

const logged = (event: string) => lines.filter((line) => line.includes(`"${event}"`))

/** A scheduler whose database has no room in mid-campaign, and then has. */
async function outlasts(
  devices: number,
  openSql: () => Promise<Sql>,
  noRoom: (sql: Sql) => Promise<() => Promise<void>>,
) {
  const log = createLog({ service: 'test', level: 'warn', destination: { write: (line) => void lines.push(line) } })
  const here = (world = await createWorld(openSql, log))
  await here.scheduler()
  const { campaignId, all } = await running(here, devices)
  const given = new Map<string, string>()
  for (const upgrade of all.slice(0, devices / 4)) given.set(upgrade.deviceKey, await go(here, upgrade))

  const makeRoom = await noRoom(here.sql)
  // Where the last page has room for one more, it is taken, and that is answered.
  const refused: string[] = []
  for (const upgrade of all.slice(devices / 4)) {
    const reply = await claimReply(here, upgrade)
    if (!reply.ok) refused.push(upgrade.deviceKey)
    else if (reply.data.kind === 'go') given.set(upgrade.deviceKey, reply.data.attemptId)
  }
  expect(refused.length).toBeGreaterThan(0)
  expect(refused.length + given.size).toBe(all.length)
  expect(logged('bus.request.failed').join()).toMatch(/could not extend file.*No space left on device/)

  // What was heard meanwhile is not acknowledged, however often it is handed over.
  const answers = [...given].map(([deviceKey, attemptId]) => {
    return { deviceKey, fact: { kind: 'download_answered', attemptId, status: 1 } } as const
  })
  await observe(here, ...answers)
  await waitUntil(() => logged('bus.batch.failed').length > TRIES, { deadlineMs: 60_000 })
  const standing = await upgrades(here, campaignId)
  expect(standing.filter(({ state }) => state === 'pending').map(({ deviceKey }) => deviceKey)).toEqual(
    expect.arrayContaining(refused),
  )
  const watched = here.placed.flatMap((item) => (item.op === 'put_watch' ? [item.deviceKey] : []))
  expect(watched.filter((deviceKey) => refused.includes(deviceKey))).toEqual([])

  await makeRoom()
  for (const deviceKey of given.keys()) await until(here, campaignId, deviceKey, 'accepted')
  for (const upgrade of all.filter(({ deviceKey }) => refused.includes(deviceKey))) {
    await waitUntil(async () => {
      const reply = await claimReply(here, upgrade)
      return reply.ok && reply.data.kind === 'go'
    })
  }
  expect((await campaign(here, campaignId)).counters).toMatchObject({ inFlight: all.length, pending: 0 })
  const { stored, counted, folded } = await books(here, campaignId)
  expect([stored, counted]).toEqual([folded, folded])
  const tries = await here.sql.query(`select 1 from scheduler.attempts`)
  expect(tries).toHaveLength(all.length)
}

test('fault 58: where PostgreSQL has no room for a row, nothing is promised that was not committed, nothing heard is lost, and it goes on once there is', async () => {
  const url = await freshDatabase(inject('postgresUrl'))
  await outlasts(20, () => connectPostgres({ url }), refuseWrites)
})

test('fault 58: where the disk of PostgreSQL is full, the same', async ({ skip }) => {
  const disk = await mkdtemp(join(tmpdir(), 'sluice-disk-'))
  const mount = run('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'sluice-test', disk])
  let server: TestServer | undefined
  try {
    if (!(await mount.then(() => true).catch(() => false))) return skip(NO_RIGHTS)
    try {
      server = await startPostgres()
      const url = await onSmallDisk(server, disk)
      // Enough to fill the last page of the journal.
      await outlasts(
        80,
        () => connectPostgres({ url }),
        async () => {
          const { bavail, bsize } = await statfs(disk)
          await writeFile(join(disk, 'others'), Buffer.alloc(bavail * bsize))
          return () => rm(join(disk, 'others'))
        },
      )
    } finally {
      await world?.close()
      world = undefined
      await server?.stop()
      await run('umount', [disk])
    }
  } finally {
    await rm(disk, { recursive: true, force: true })
  }
})

/** Its tables and indexes lie there; its write-ahead log does not, as it should be. */
async function onSmallDisk(server: TestServer, disk: string): Promise<string> {
  const { uid, gid } = await stat(join(server.directory, 'data'))
  await chown(disk, uid, gid)
  const sql = await connectPostgres({ url: server.url })
  await sql.query(`create tablespace small location '${disk}'`)
  await sql.close()
  const url = new URL(await freshDatabase(server.url))
  url.searchParams.set('options', '-c default_tablespace=small')
  return url.href
}

/** The server itself says it, and in its words, at each write of the scheduler's tables. One at a time: nobody is to wait for two of them. */
async function refuseWrites(sql: Sql): Promise<() => Promise<void>> {
  const refusing = (body: string) =>
    sql.query(`create or replace function public.no_room() returns trigger language plpgsql as $$ begin ${body} end $$`)
  await refusing(`raise exception 'could not extend file: No space left on device' using errcode = 'disk_full';`)
  const tables = await sql.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'scheduler' order by 1`,
  )
  for (const { name } of tables) {
    await sql.query(
      `create trigger no_room before insert or update or delete on scheduler.${name} for each statement execute function public.no_room()`,
    )
  }
  return async () => void (await refusing('return null;'))
}
