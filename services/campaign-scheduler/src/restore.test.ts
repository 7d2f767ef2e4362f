import { spawnSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { connectPostgres, createJournal } from '@sluice/sql'
import { ensureServers, freshDatabase } from '@sluice/testbed'
import { afterAll, afterEach, expect, inject, test } from 'vitest'
import { books } from './testing/books.ts'
import { claim, completed, go, observe, running, succeed, until, untilCampaign, upgrades } from './testing/drive.ts'
import { NEW, type World, closeEmbedded, createWorld } from './testing/world.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-restore-'))
const HOUR = 3_600_000
let world: World | undefined
afterEach(() => world?.close())
afterAll(async () => {
  await closeEmbedded()
  rmSync(folder, { recursive: true, force: true })
})

/** Of the same version as the server: they lie where its initdb really is. */
const programs = dirname(realpathSync(ensureServers().initdb))

function run(program: 'pg_dump' | 'pg_restore', ...args: string[]): void {
  const { status, stderr, error } = spawnSync(join(programs, program), args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program}: ${stderr}`, { cause: error })
}

const openOn = async (url: string) => (world = await createWorld(() => connectPostgres({ url })))

test('after a restore no device is offered a second Download while it may hold one that the backup does not know', async () => {
  const url = await freshDatabase(inject('postgresUrl'))
  const before = await openOn(url)
  const first = await before.scheduler()
  const { campaignId, all } = await running(before, 5)
  const [known, done, lost, faulted, waiting] = all as [(typeof all)[0], ...typeof all]
  const kept = await go(before, known)

  const file = join(folder, 'backup')
  run('pg_dump', '--format=custom', `--file=${file}`, url)
  await succeed(before, campaignId, done!.deviceKey, await go(before, done!))
  await go(before, lost!)
  const forgotten = await go(before, faulted!)
  await first.stop()
  await before.close()

  const fresh = await freshDatabase(inject('postgresUrl'))
  run('pg_restore', '--no-owner', `--dbname=${fresh}`, file)
  const after = await openOn(fresh)
  // Somewhat later than the crash, as by the procedure.
  after.clock.shift(HOUR)
  await after.scheduler({ restoredAt: after.clock.now(), restoreHoldMs: 4 * HOUR, outageAfterMs: 10_000 })
  const held = { kind: 'not_before', reason: 'restored' }
  for (const one of [lost!, faulted!, waiting!]) expect(await claim(after, one)).toMatchObject(held)
  // What happened meanwhile is taken from the device's own word.
  expect(await claim(after, done!, NEW)).toEqual({ kind: 'gone', reason: 'already_on_target' })
  await observe(after, { deviceKey: faulted!.deviceKey, fact: completed(forgotten, 9010) })
  expect(await claim(after, known)).toMatchObject({ kind: 'open', watch: { attemptId: kept } })
  expect(await claim(after, faulted!)).toMatchObject(held)
  await until(after, campaignId, done!.deviceKey, 'skipped')
  expect((await upgrades(after, campaignId)).map(({ state }) => state).toSorted()).toEqual(
    ['offered', 'pending', 'pending', 'pending', 'skipped'].toSorted(),
  )

  after.clock.shift(4 * HOUR)
  expect(await claim(after, lost!, NEW)).toEqual({ kind: 'gone', reason: 'already_on_target' })
  for (const one of [faulted!, waiting!]) await succeed(after, campaignId, one.deviceKey, await go(after, one))
  await succeed(after, campaignId, known.deviceKey, kept)
  await untilCampaign(after, campaignId, ({ state }) => state === 'finished')
  const { stored, counted, folded } = await books(after, campaignId)
  expect([stored, counted]).toEqual([folded, folded])
  expect(await createJournal('scheduler').verifyChain(after.sql)).toMatchObject({ kind: 'intact' })
}, 180_000)
