import { setTimeout as sleep } from 'node:timers/promises'
import type { Sql } from '@sluice/sql'
import { waitUntil } from '@sluice/testbed'
import { Redis } from 'ioredis'
import { keep, monotonicMicroseconds, print, printProfile, rate, say, table, usedTable } from './figures.ts'
import { fillRegistry } from './fill-registry.ts'
import { costliestStatements, resetStatements, startMeter } from './meter.ts'
import { FACTS_PER_UPGRADE, type Players, SOAK_MS, type Waiting, playGateways } from './play-gateways.ts'
import { control, createPlanned, trustArtifact } from './prepare-campaign.ts'
import { readNumbers } from './read-numbers.ts'
import { type FleetStand, startFleetStand } from './start-fleet-stand.ts'

const SIZES = {
  rate: { usual: 500, most: 10_000, what: 'upgrades begun a second' },
  seconds: { usual: 120, most: 3_600, what: 'for which they are begun' },
}

/** A wave is hinted in pages; this long is waited for the hints of the first devices. */
const HINTED_WITHIN_MS = 120_000
/** Nothing more is waited for when nothing was settled for so long. */
const STUCK_MS = 30_000

const POLICY = {
  waves: [{ size: { percent: 100 }, advance: 'auto' as const }],
  gate: { minSettled: 1_000_000_000, soakMs: 0 },
  caps: { inFlight: 100_000_000, unproven: 100_000_000 },
  timers: { soakMs: SOAK_MS },
}

/** Upgrades at a rate, each through claim, facts, SQL, journal, NATS and Redis, until the last one is settled. */
export async function benchUpgrades(args: readonly string[]): Promise<void> {
  const told = readNumbers('upgrades', SIZES, args)
  if (told === null) return
  const { rate: perSecond, seconds } = told.sizes
  const count = Math.ceil(perSecond * seconds)
  say('starting nats-server, redis-server, postgres, registry, resolver, scheduler and a gateway')
  const stand = await startFleetStand(told)
  const redis = new Redis(stand.redisUrl)
  try {
    const { campaignId } = await prepare(stand, count)
    await waitForHints(redis, count)
    const devices = await waitingDevices(stand.sql, campaignId)
    const players = playGateways(await stand.bus('cwmp-gateway'), await stand.bus('file-server'))
    const rowsBefore = await journalRows(stand.sql)
    await resetStatements(stand.sql)
    const since = monotonicMicroseconds()
    const read = await startMeter(stand.pids(), stand.sql)

    say(`${perSecond} upgrades a second for ${seconds} s`)
    const started = performance.now()
    const begun = await begin(players, redis, devices, perSecond)
    const drivingSeconds = (performance.now() - started) / 1_000
    await players.idle()
    const toldSeconds = (performance.now() - started) / 1_000
    const behind = players.counts.claimed - (await settled(stand.sql, campaignId))
    await untilDone(stand.sql, campaignId, players.counts.claimed)
    const doneSeconds = (performance.now() - started) / 1_000
    const used = await read()
    await players.stop()

    const rows = (await journalRows(stand.sql)) - rowsBefore
    const { claimed, refused, failed, facts, events } = players.counts
    const figures = {
      count,
      ...begun,
      claimed,
      refused,
      failed,
      facts,
      events,
      drivingSeconds,
      toldSeconds,
      doneSeconds,
      behind,
      left: await backlog(stand.sql),
      journalRowsPerUpgrade: rows / claimed,
      walBytesPerUpgrade: used.walBytes / claimed,
      commits: used.commits,
      walSyncs: used.walSyncs,
      used,
    }
    print(
      `Node ${process.version}; ${perSecond} upgrades/s asked for during ${seconds} s, fsync ${told.fsync ? 'on' : 'off'}\n`,
    )
    print(
      table(
        ['upgrades', ''],
        [
          ['begun', String(claimed)],
          ['refused', String(refused)],
          ['not told in full, since the bus did not take it', String(failed)],
          ['without a hint in Redis', String(begun.unhinted)],
          ['begun a second', rate(claimed, drivingSeconds)],
          ['not settled when all was told', String(behind)],
          ['seconds until the last was settled, after it was told', (doneSeconds - toldSeconds).toFixed(1)],
          ['settled a second, first claim to last', rate(claimed, doneSeconds)],
          ['facts a second, claims included', rate(claimed * (FACTS_PER_UPGRADE + 1), doneSeconds)],
          ['facts per event', (facts / events).toFixed(1)],
          ['left in outbox', String(figures.left)],
          ['journal rows per upgrade', figures.journalRowsPerUpgrade.toFixed(1)],
          ['bytes of WAL per upgrade', figures.walBytesPerUpgrade.toFixed(0)],
          ['commits a second', rate(used.commits, used.seconds)],
          ['syncs of the WAL a second', rate(used.walSyncs, used.seconds)],
        ],
      ),
    )
    print(`\n${usedTable(used, claimed, 'upgrade')}`)
    print(`\n${table(['statement', 'calls', 'rows', 's'], await costliestStatements(stand.sql, 14))}`)
    keep(told.json, figures)
    if (told.profile !== null) {
      await stand.end('campaign-scheduler')
      printProfile(told.profile, 'campaign-scheduler', since)
    }
    if (claimed < count || figures.left > 0) throw new Error(`${claimed} of ${count} begun, ${figures.left} left`)
  } finally {
    redis.disconnect()
    await stand.stop()
  }
}

async function prepare(stand: FleetStand, count: number): Promise<{ campaignId: string }> {
  await Promise.all([
    stand.start('device-registry'),
    stand.start('artifact-resolver'),
    stand.start('campaign-scheduler'),
  ])
  await stand.start('cwmp-gateway')
  say(`${count} devices into the inventory, and a campaign over them`)
  await fillRegistry(stand.sql, 0, count)
  const artifactId = await trustArtifact(stand.sql)
  const operator = await stand.bus('operator-api')
  const campaign = await createPlanned(operator, artifactId, POLICY, 600_000)
  if (campaign.size !== count) throw new Error(`${campaign.size} of ${count} devices are in the campaign`)
  await control(operator, campaign.campaignId, 'start')
  return campaign
}

async function waitForHints(redis: Redis, count: number): Promise<void> {
  let hinted = 0
  await waitUntil(async () => (hinted = await redis.dbsize()) >= count, {
    deadlineMs: HINTED_WITHIN_MS,
    everyMs: 200,
    describe: () => `${hinted} of ${count} devices have a hint in Redis`,
  })
}

/** In the order of the devices, which has nothing to do with that of the upgrades. */
function waitingDevices(sql: Sql, campaignId: string): Promise<Waiting[]> {
  return sql.query<Waiting>(
    `select upgrade_id as "upgradeId", device_key as "deviceKey" from scheduler.upgrades where campaign_id = $1 order by device_key`,
    [campaignId],
  )
}

/** Begins each upgrade at its time, if Redis has the hint, as a gateway would. Late ones are begun at once. */
async function begin(
  players: Players,
  redis: Redis,
  devices: readonly Waiting[],
  perSecond: number,
): Promise<{ unhinted: number; latestMs: number }> {
  const started = performance.now()
  let unhinted = 0
  let latestMs = 0
  for (let next = 0; next < devices.length;) {
    const due = Math.min(devices.length, Math.ceil(((performance.now() - started) / 1_000) * perSecond))
    const now = devices.slice(next, due)
    latestMs = Math.max(latestMs, performance.now() - started - (next * 1_000) / perSecond)
    next += now.length
    const hinted = await Promise.all(
      now.map(({ deviceKey, upgradeId }) => redis.hexists(`sluice:{${deviceKey}}:rec`, `t:upgrade:${upgradeId}`)),
    )
    now.forEach((device, index) => {
      if (hinted[index] === 1) void players.upgrade(device)
      else unhinted += 1
    })
    await sleep(5)
  }
  return { unhinted, latestMs }
}

async function settled(sql: Sql, campaignId: string): Promise<number> {
  const [row] = await sql.query<{ n: number }>(
    `select coalesce(sum(n), 0)::bigint as n from scheduler.tallies
     where campaign_id = $1 and counts_as not in ('pending', 'in_flight', 'unproven')`,
    [campaignId],
  )
  return row!.n
}

async function untilDone(sql: Sql, campaignId: string, claimed: number): Promise<void> {
  for (let done = 0, movedAt = performance.now(); ; await sleep(250)) {
    const now = await settled(sql, campaignId)
    if (now >= claimed && (await backlog(sql)) === 0) return
    if (now > done) movedAt = performance.now()
    if (performance.now() - movedAt > STUCK_MS) throw new Error(`no more than ${now} of ${claimed} get settled`)
    done = now
  }
}

/** What waits for the bus, or for the hash chain. */
async function backlog(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ n: number }>(
    `select (select count(*) from scheduler.journal_outbox) + (select count(*) from scheduler.journal_unsealed) as n`,
  )
  return row!.n
}

async function journalRows(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ n: number }>('select count(*) as n from scheduler.journal')
  return row!.n
}
