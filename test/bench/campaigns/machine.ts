import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Counters, type Policy, classOf, defaultPolicy, foldCounters, noCounters } from '@sluice/rollout'
import { keep, print, rate, say, table } from './figures.ts'
import { CLASSES } from './machine/compact-fleet.ts'
import { productionFiles } from './machine/production-files.ts'
import { type VirtualCampaign, endOf, retellDevice, runCampaign } from './machine/virtual-campaign.ts'
import { readNumbers } from './read-numbers.ts'

const SIZES = {
  devices: { usual: 10_000_000, most: 16_000_000, what: 'in the campaign' },
  seed: { usual: 1, most: 1_000_000, what: 'of what becomes of them' },
  pace: { usual: 30, most: 100_000, what: 'devices that are in touch a second, in virtual time' },
}

/** Of heap and what lies outside of it, for each device. */
const MOST_BYTES = 64
/** Every so many-th device is told again at the end, and compared. */
const RETOLD = 997

/** The machine, gates, claims, waves and windows over a fleet in virtual time. */
export async function benchMachine(args: readonly string[]): Promise<void> {
  const told = readNumbers('machine', SIZES, args, [])
  if (told === null) return
  const { devices, seed, pace } = told.sizes
  const collect = garbageCollector()
  const before = heldBytes(collect)
  let most = 0
  const started = performance.now()
  const policy = policyOf(devices, pace)
  let nextLook = 0
  const campaign = runCampaign({
    devices,
    policy,
    seed,
    pace,
    progress: (claims) => {
      if (claims < nextLook) return
      nextLook = claims + devices / 10
      most = Math.max(most, heldBytes(collect))
      say(`${claims} claims after ${((performance.now() - started) / 1_000).toFixed(0)} s`)
    },
  })
  most = Math.max(most, heldBytes(collect))
  const seconds = (performance.now() - started) / 1_000
  const bytes = most / devices
  const wrong = check(campaign, policy, seed)

  print(`Node ${process.version}; what ran:\n`)
  print(
    table(
      ['file', 'sha256'],
      productionFiles('@sluice/rollout').map(({ path, sha256 }) => [path, sha256]),
    ),
  )
  print(`\n${figuresTable(campaign, devices, seconds, bytes, before)}\n`)
  print(
    table(
      ['wave', ...CLASSES, 'opened after h'],
      campaign.waves.map(({ counters, openedAt }, index) => [
        String(index + 1),
        ...CLASSES.map((name) => String(counters[name])),
        openedAt === null ? '-' : ((openedAt - campaign.waves[0]!.openedAt!) / 3_600_000).toFixed(1),
      ]),
    ),
  )
  const { fleet: _, ...figures } = campaign
  keep(told.json, { devices, seconds, bytes, ...figures })
  if (wrong.length > 0) throw new Error(wrong.join('\n'))
  // A small fleet does not fill the room that the programme itself takes.
  if (devices >= 1_000_000 && bytes > MOST_BYTES) throw new Error(`${bytes.toFixed(1)} bytes a device`)
}

function figuresTable(
  { state, reason, counts, elapsedMs, mostLive, mostInFlight, mostUnproven }: VirtualCampaign,
  devices: number,
  seconds: number,
  bytes: number,
  before: number,
): string {
  return table(
    ['campaign', ''],
    [
      ['devices', String(devices)],
      ['ended', reason === '' ? state : `${state}: ${reason}`],
      ['seconds', seconds.toFixed(1)],
      ['days of virtual time', (elapsedMs / 86_400_000).toFixed(1)],
      ['claims', String(counts.claims)],
      ['of them told to wait', String(counts.notBefore)],
      ['steps', String(counts.steps)],
      ['of them ignored', String(counts.ignored)],
      ['steps a second', rate(counts.steps, seconds)],
      ['gates asked', String(counts.gates)],
      ['upgrades told again for late facts', String(counts.retold)],
      ['whole upgrades at once, at most', String(mostLive)],
      ['in flight at once, at most', String(mostInFlight)],
      ['unproven at once, at most', String(mostUnproven)],
      ['bytes a device, at most (heap and external)', bytes.toFixed(1)],
      ['MB before the campaign', (before / 1e6).toFixed(0)],
    ],
  )
}

/** Counters are the fold of what is stored, and what is stored is the fold of the facts. */
function check(campaign: VirtualCampaign, policy: Policy, seed: number): string[] {
  const { fleet, waves } = campaign
  const wrong: string[] = []
  const folded = waves.map((): Counters => ({ ...noCounters }))
  for (let device = 0; device < fleet.size; device += 1) {
    folded[fleet.wave[device]!]![CLASSES[fleet.countsAs[device]!]!] += 1
  }
  for (const [index, { counters }] of waves.entries()) {
    if (JSON.stringify(counters) !== JSON.stringify(folded[index]))
      wrong.push(
        `wave ${index + 1} counts ${JSON.stringify(counters)}, its devices are ${JSON.stringify(folded[index])}`,
      )
  }
  const sample = []
  for (let device = 0; device < fleet.size; device += RETOLD) {
    const { upgrade } = retellDevice(fleet, device, policy, seed, endOf(campaign))
    const [isSaid, is] = [CLASSES[fleet.countsAs[device]!], classOf(upgrade)]
    if (isSaid !== is) wrong.push(`device ${device} counts as ${isSaid}, told again it is ${is}`)
    sample.push(upgrade)
  }
  const total = Object.values(foldCounters(sample)).reduce((sum, count) => sum + count, 0)
  if (total !== sample.length) wrong.push(`${total} of ${sample.length} have a class`)
  if (campaign.mostInFlight > policy.caps.inFlight) wrong.push(`${campaign.mostInFlight} were in flight`)
  return wrong.slice(0, 20)
}

function policyOf(devices: number, pace: number): Policy {
  const zone = 'Europe/Madrid'
  return {
    ...defaultPolicy,
    waves: [
      { size: { percent: 0.5 }, advance: 'manual' },
      { size: { percent: 10 }, advance: 'auto' },
      { size: { percent: 100 }, advance: 'auto' },
    ],
    // Room for those that a closed window held back: who finds none asks again every minute.
    caps: { inFlight: Math.ceil(pace * 1_500), unproven: Math.ceil(pace * 3_500) },
    gate: { ...defaultPolicy.gate, limits: { configLost: 0.01, overdue: Math.max(200, devices / 1_000) } },
    // Nothing begins for ten minutes at night, nor what would not end before.
    windows: [{ zone, from: '03:10', to: '03:00' }],
    retries: { ...defaultPolicy.retries, maxAttempts: 2, backoffMs: 600_000 },
  }
}

function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}

function heldBytes(collect: () => void): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
