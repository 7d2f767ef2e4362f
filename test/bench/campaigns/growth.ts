import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus } from '@sluice/bus'
import { type Observation, attemptObserved, campaignGet, placementList, shardOf, upgradeClaim } from '@sluice/contracts'
import { createIds } from '@sluice/runtime'
import type { Sql } from '@sluice/sql'
import { waitUntil } from '@sluice/testbed'
import { keep, print, say, table } from './figures.ts'
import { OLD_VERSION, OUI, PRODUCT_CLASS, fillRegistry } from './fill-registry.ts'
import { peakOf, startMeter } from './meter.ts'
import { ask, control, createPlanned, trustArtifact } from './prepare-campaign.ts'
import { readNumbers } from './read-numbers.ts'
import { median, slopeOf } from './slope.ts'
import { startFleetStand } from './start-fleet-stand.ts'

const SIZES = {
  from: { usual: 10_000, most: 1_000_000, what: 'upgrades of the smallest campaign' },
  to: { usual: 1_000_000, most: 4_000_000, what: 'and of the largest; ten times as many each time' },
}

const STREAM_BYTES = 4 * 1024 ** 3
/** Half of the smallest campaign has to do for all that is asked of it. */
const LEAST = 2_000
const PLANNED_WITHIN_MS = 1_800_000
const HINTED_WITHIN_MS = 1_800_000
const ROUNDS = 20
const AT_ONCE = 32
/** What an operator is promised of start, pause and abort, in ms. */
const IN_EFFECT_MS = 1_000

const POLICY = {
  waves: [
    { size: { percent: 50 }, advance: 'auto' as const },
    { size: { percent: 100 }, advance: 'auto' as const },
  ],
  gate: { minSettled: 1_000_000_000 },
  caps: { inFlight: 100_000_000, unproven: 100_000_000 },
}

/** Milliseconds, but for the plan: seconds; and for memory: MB. */
export interface Measured {
  readonly upgrades: number
  readonly costs: Readonly<Record<string, number>>
}

/** What grows with a campaign, and what does not: the same questions to campaigns of growing size. */
export async function benchGrowth(args: readonly string[]): Promise<void> {
  const told = readNumbers('growth', SIZES, args, ['no-fsync'])
  if (told === null) return
  if (told.sizes.from < LEAST) throw new Error(`--from is at least ${LEAST}`)
  const measured: Measured[] = []
  for (let size = told.sizes.from; size <= told.sizes.to; size *= 10) {
    measured.push({ upgrades: size, costs: await measureCampaign(size, told.fsync) })
    say(JSON.stringify(measured.at(-1)))
  }
  print(`Node ${process.version}; fsync ${told.fsync ? 'on' : 'off'}; slope k of cost = n^k\n`)
  print(growthTable(measured))
  keep(told.json, measured)
  const slow = measured.flatMap(({ upgrades, costs }) =>
    ['start', 'pause', 'abort']
      .filter((action) => costs[`${action} takes effect, ms`]! >= IN_EFFECT_MS)
      .map((action) => `${action} took ${costs[`${action} takes effect, ms`]!.toFixed(0)} ms at ${upgrades} upgrades`),
  )
  if (slow.length > 0) throw new Error(slow.join('\n'))
}

function growthTable(measured: readonly Measured[]): string {
  const names = Object.keys(measured[0]?.costs ?? {})
  return table(
    ['cost', ...measured.map(({ upgrades }) => String(upgrades)), 'slope'],
    names.map((name) => [
      name,
      ...measured.map(({ costs }) => costs[name]!.toPrecision(3)),
      measured.length < 2
        ? '-'
        : slopeOf(measured.map(({ upgrades, costs }) => [upgrades, Math.max(1e-3, costs[name]!)])).toFixed(2),
    ]),
  )
}

async function measureCampaign(size: number, fsync: boolean): Promise<Record<string, number>> {
  say(`a campaign over ${size} devices`)
  const stand = await startFleetStand({ fsync, profile: null, streamBytes: STREAM_BYTES })
  try {
    await Promise.all([stand.start('device-registry'), stand.start('artifact-resolver')])
    await fillRegistry(stand.sql, 0, size)
    await stand.start('campaign-scheduler')
    const operator = await stand.bus('operator-api')
    const gateway = await stand.bus('cwmp-gateway')
    const { sql } = stand
    const artifactId = await trustArtifact(sql)

    const read = await startMeter(stand.pids(), sql)
    const planStarted = performance.now()
    const { campaignId } = await createPlanned(operator, artifactId, POLICY, PLANNED_WITHIN_MS)
    const planSeconds = (performance.now() - planStarted) / 1_000
    const planned = await read()

    const start = await timed(() => control(operator, campaignId, 'start'))
    const devices = await openDevices(sql, campaignId, AT_ONCE * ROUNDS + 3)
    const [first, second, third, ...rest] = devices
    const started = start + (await timed(() => expectClaim(gateway, first!, 'go')))
    const hintStarted = performance.now()
    await untilHinted(sql)
    const hintSeconds = (performance.now() - hintStarted) / 1_000
    await sql.query('analyze')

    const claims: number[] = []
    const attempts: { deviceKey: string; attemptId: string }[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      const some = rest.slice(round * AT_ONCE, (round + 1) * AT_ONCE)
      claims.push(
        (await timed(async () => {
          const answers = await Promise.all(some.map((one) => expectClaim(gateway, one, 'go')))
          attempts.push(...answers.map((attemptId, index) => ({ deviceKey: some[index]!.deviceKey, attemptId })))
        })) / AT_ONCE,
      )
    }
    const facts = await factRounds(gateway, sql, campaignId, attempts)
    const counters = await timed10(() => ask(operator, campaignGet, { campaignId }))
    const middle = await middleUpgrade(sql, campaignId)
    const page = (cursor?: string) =>
      ask(gateway, placementList, cursor === undefined ? { limit: 500 } : { limit: 500, cursor })
    const placements = await timed10(() => page())
    const placementsLater = await timed10(() => page(middle))

    const pause = await timed(async () => {
      await control(operator, campaignId, 'pause')
      await expectClaim(gateway, second!, 'not_before')
    })
    await control(operator, campaignId, 'resume')
    const abort = await timed(async () => {
      await control(operator, campaignId, 'abort')
      await expectClaim(gateway, third!, 'gone')
    })
    return {
      'plan, s': planSeconds,
      'plan, scheduler CPU s': planned.cpu['campaign-scheduler']!,
      'plan, postgres CPU s': planned.cpu['postgres']!,
      'plan, registry CPU s': planned.cpu['device-registry']!,
      'plan, scheduler MB at most': planned.peakBytes['campaign-scheduler']! / 1e6,
      'plan, registry MB at most': planned.peakBytes['device-registry']! / 1e6,
      'hints of half of them, s': hintSeconds,
      'start takes effect, ms': started,
      'a claim (32 at once), ms': median(claims),
      'a fact (32 in one event), ms': median(facts),
      'counters, ms': counters,
      'first page of placements, ms': placements,
      'page of placements in the middle, ms': placementsLater,
      'pause takes effect, ms': pause,
      'abort takes effect, ms': abort,
      'scheduler MB at most': peakOf(stand.pids()['campaign-scheduler']!) / 1e6,
    }
  } finally {
    await stand.stop()
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

async function timed10(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < 10; round += 1) times.push(await timed(work))
  return median(times)
}

interface Open {
  readonly upgradeId: string
  readonly deviceKey: string
}

function openDevices(sql: Sql, campaignId: string, count: number): Promise<Open[]> {
  return sql.query<Open>(
    `select upgrade_id as "upgradeId", device_key as "deviceKey" from scheduler.upgrades
     where campaign_id = $1 and wave = 1 order by rank limit $2`,
    [campaignId, count],
  )
}

async function middleUpgrade(sql: Sql, campaignId: string): Promise<string> {
  const [row] = await sql.query<{ id: string }>(
    `select upgrade_id as id from scheduler.upgrades where campaign_id = $1 order by upgrade_id
     offset (select size / 2 from scheduler.campaigns where campaign_id = $1) limit 1`,
    [campaignId],
  )
  return row!.id
}

/** The attempt, where it is `go`. */
async function expectClaim(gateway: Bus, { upgradeId, deviceKey }: Open, kind: string): Promise<string> {
  const answer = await ask(gateway, upgradeClaim, {
    deviceKey,
    upgradeId,
    sessionId: 'bench',
    oui: OUI,
    productClass: PRODUCT_CLASS,
    hardwareVersion: 'H1',
    softwareVersion: OLD_VERSION,
    snapshot: { settings: {}, sentinels: {}, wanUp: null },
  })
  if (answer.kind !== kind) throw new Error(`a claim was answered ${JSON.stringify(answer)}, ${kind} was due`)
  return answer.kind === 'go' ? answer.attemptId : ''
}

async function untilHinted(sql: Sql): Promise<void> {
  let left = ''
  await waitUntil(
    async () => {
      const [row] = await sql.query<{ sweeps: number; events: number; rows: number }>(
        `select (select count(*) from scheduler.sweeps) as sweeps, (select count(*) from scheduler.journal_outbox) as events,
           (select count(*) from scheduler.journal_unsealed) as rows`,
      )
      left = JSON.stringify(row)
      return row!.sweeps + row!.events + row!.rows === 0
    },
    { deadlineMs: HINTED_WITHIN_MS, everyMs: 200, describe: () => `left: ${left}` },
  )
}

/** How long facts of 32 devices take from the bus into the counters, a fact. */
async function factRounds(
  gateway: Bus,
  sql: Sql,
  campaignId: string,
  attempts: readonly { readonly deviceKey: string; readonly attemptId: string }[],
): Promise<number[]> {
  const ids = createIds()
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const items = attempts
      .slice(round * AT_ONCE, (round + 1) * AT_ONCE)
      .map(({ deviceKey, attemptId }): Observation => ({
        id: ids.observation(),
        deviceKey,
        at: new Date().toISOString(),
        fact: { kind: 'download_answered', attemptId, status: 1 },
      }))
    const due = (round + 1) * AT_ONCE
    const started = performance.now()
    await gateway.publish(attemptObserved, [
      { id: ids.event(), key: shardOf(items[0]!.deviceKey ?? ''), data: { items } },
    ])
    await waitUntil(async () => (await acceptedIn(sql, campaignId)) >= due, {
      everyMs: 2,
      deadlineMs: 60_000,
      describe: () => `${due} are not accepted`,
    })
    times.push((performance.now() - started) / AT_ONCE)
    await sleep(50)
  }
  return times
}

async function acceptedIn(sql: Sql, campaignId: string): Promise<number> {
  const [row] = await sql.query<{ n: number }>(
    `select coalesce(sum(n), 0)::bigint as n from scheduler.tallies where campaign_id = $1 and state = 'accepted'`,
    [campaignId],
  )
  return row!.n
}
