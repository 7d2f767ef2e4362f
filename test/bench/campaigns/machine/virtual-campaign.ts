import {
  type Counters,
  type Fact,
  type Policy,
  type Upgrade,
  admitClaim,
  classOf,
  evaluateGate,
  lastAttempt,
  moveCounters,
  noCounters,
  overdueAfterMs,
  planUpgrade,
  step,
  waveOf,
} from '@sluice/rollout'
import { CLASSES, type CompactFleet, classIndex, createFleet, orderByContact } from './compact-fleet.ts'
import { NEW, OLD, SNAPSHOT, factsAfter, fateOf, hashOf } from './device-story.ts'
import { createVirtualQueue } from './virtual-queue.ts'

export interface VirtualCampaign {
  readonly fleet: CompactFleet
  readonly waves: readonly WaveState[]
  readonly counts: { claims: number; notBefore: number; steps: number; ignored: number; gates: number; retold: number }
  /** Of devices under way, the most at once. */
  mostLive: number
  mostInFlight: number
  mostUnproven: number
  /** Virtual ms since the campaign began. */
  elapsedMs: number
  state: 'running' | 'paused' | 'aborted' | 'finished'
  reason: string
}

export interface WaveState {
  counters: Counters
  openedAt: number | null
  reachedAt: number | null
  approvedAt: number | null
}

export interface VirtualSettings {
  readonly devices: number
  readonly policy: Policy
  readonly seed: number
  /** Devices of an open wave that come a second. */
  readonly pace: number
  /** Told now and then, for measurements; how many were claimed. */
  readonly progress?: (claimed: number) => void
}

/** An upgrade that something is under way for, and what will still be heard of it. */
interface Live {
  upgrade: Upgrade
  facts: Fact[]
  next: number
}

const START = Date.UTC(2026, 8, 1)
const SEED = 'a campaign of the bench'
const GATE_EVERY_MS = 600_000
const APPROVED_AFTER_MS = 3_600_000
const PROGRESS_EVERY = 10_000
/** What is settled is kept for what follows at once. */
const KEPT_MS = 60_000
/** All of it has happened by then, or never will. */
const MOST_DAYS = 400

const ZONES = ['Europe/Madrid', 'America/New_York', 'Asia/Kolkata', 'Pacific/Auckland']

const keyOf = (device: number): string => `dev_${device.toString(32).padStart(26, 'a')}`
const attemptIdOf = (device: number, number: number): string => `fw${device.toString(32).padStart(24, '0')}.${number}`

function planned(device: number): Upgrade {
  return planUpgrade({
    upgradeId: `upg_${device}`,
    campaignId: 'cmp_bench',
    deviceKey: keyOf(device),
    targetVersions: [NEW],
    imageBytes: 8_000_000,
  })
}

/** A campaign in virtual time over the machine, gates, claims, waves and windows as they are in service. */
export function runCampaign({ devices, policy, seed, pace, progress }: VirtualSettings): VirtualCampaign {
  const fleet = createFleet(devices)
  for (let device = 0; device < devices; device += 1)
    fleet.wave[device] = waveOf(keyOf(device), SEED, policy.waves, devices)
  const sizes = policy.waves.map(() => 0)
  for (const wave of fleet.wave) sizes[wave]! += 1
  const starts = orderByContact(fleet, sizes.length, (device) => {
    const spread = Math.max(60, sizes[fleet.wave[device]!]! / pace)
    return (hashOf(device, seed + 1) / 2 ** 32) * spread
  })
  const waves: WaveState[] = sizes.map((size) => ({
    counters: { ...noCounters, pending: size },
    openedAt: null,
    reachedAt: null,
    approvedAt: null,
  }))
  const campaign: VirtualCampaign = {
    fleet,
    waves,
    counts: { claims: 0, notBefore: 0, steps: 0, ignored: 0, gates: 0, retold: 0 },
    mostLive: 0,
    mostInFlight: 0,
    mostUnproven: 0,
    elapsedMs: 0,
    state: 'running',
    reason: '',
  }
  const live = new Map<number, Live>()
  const queue = createVirtualQueue()
  const arrived = starts.slice(0, -1)
  const inUse = { inFlight: 0, unproven: 0 }
  let now = START
  let gateAt = START
  let atOnce = 0

  openWave(0)
  while (campaign.state === 'running') {
    const arrival = nextArrival()
    const at = Math.min(queue.nextAt(), arrival.at, gateAt)
    if (at > START + MOST_DAYS * 86_400_000) throw new Error('the campaign does not come to an end')
    atOnce = at === now ? atOnce + 1 : 0
    if (atOnce > 20 * devices + 1_000)
      throw new Error(
        `time stands still: ${JSON.stringify({ next: queue.nextAt() - now, live: live.values().next().value })}`,
      )
    now = at
    if (gateAt === at) askGates()
    else if (arrival.at === at) {
      arrived[arrival.wave]! += 1
      claim(fleet.byContact[arrived[arrival.wave]! - 1]!)
    } else happen(queue.pop())
  }
  campaign.elapsedMs = now - START
  return campaign

  function nextArrival(): { wave: number; at: number } {
    let next = { wave: -1, at: Number.POSITIVE_INFINITY }
    for (const [wave, { openedAt }] of waves.entries()) {
      const place = arrived[wave]!
      if (openedAt === null || place >= starts[wave + 1]!) continue
      const at = openedAt + fleet.contact[place]! * 1_000
      if (at < next.at) next = { wave, at }
    }
    return next
  }

  function openWave(wave: number): void {
    waves[wave]!.openedAt = now
  }

  function claim(device: number): void {
    const wave = waves[fleet.wave[device]!]!
    const upgrade = live.get(device)?.upgrade ?? planned(device)
    const fate = fateOf(device, seed)
    const answer = admitClaim({
      now,
      upgrade,
      policy,
      campaign: campaign.state,
      waveOpen: wave.openedAt !== null,
      reportedVersion: fate === 'on_target' ? NEW : OLD,
      zone: ZONES[device % ZONES.length]!,
      modelBlocked: false,
      heldElsewhere: false,
      caps: [
        { name: 'in_flight', used: inUse.inFlight, limit: policy.caps.inFlight },
        { name: 'unproven', used: inUse.inFlight + inUse.unproven, limit: policy.caps.unproven },
      ],
    })
    campaign.counts.claims += 1
    if (campaign.counts.claims % PROGRESS_EVERY === 0) progress?.(campaign.counts.claims)
    if (answer.kind === 'not_before') {
      campaign.counts.notBefore += 1
      queue.push(answer.at, device)
      return
    }
    const one: Live = live.get(device) ?? { upgrade, facts: [], next: 0 }
    live.set(device, one)
    campaign.mostLive = Math.max(campaign.mostLive, live.size)
    if (answer.kind === 'gone') {
      if (answer.withdraw === null) throw new Error(`a claim was answered ${answer.reason}`)
      apply(device, one, { id: '', at: now, kind: 'withdrawn', reason: answer.withdraw, detail: answer.reason })
      return lookAhead(device, one)
    }
    const number = fleet.offers[device]! + 1
    fleet.offers[device] = number
    const seconds = (now - START) / 1_000
    if (!Number.isInteger(seconds)) throw new Error('an offer between two seconds')
    if (number === 1) fleet.firstOffer[device] = seconds
    else if (number === 2) fleet.secondOffer[device] = seconds
    else throw new Error('a third offer: the fates know two')
    apply(device, one, offerOf(device, number, now))
    one.facts = tellFrom(device, number, now)
    one.next = 0
    lookAhead(device, one)
  }

  /** The next fact of a device, its timer, or a claim that was told to come again. */
  function happen(device: number): void {
    const one = live.get(device)
    if (one === undefined) {
      const retold = retell(device)
      if (retold.upgrade.state === 'pending') return claim(device)
      campaign.counts.retold += 1
      live.set(device, retold)
      return advance(device, retold)
    }
    if (one.upgrade.state === 'retry' && now >= one.upgrade.retryAt) return claim(device)
    advance(device, one)
  }

  function advance(device: number, one: Live): void {
    while (one.next < one.facts.length && one.facts[one.next]!.at <= now) {
      apply(device, one, one.facts[one.next]!)
      one.next += 1
    }
    const { dueAt } = one.upgrade
    if (one.upgrade.state !== 'settled' && dueAt !== null && dueAt <= now)
      apply(device, one, { id: '', at: now, kind: 'time_passed' })
    lookAhead(device, one)
  }

  /** When something happens to it next. What is settled is let go: it can be told again. */
  function lookAhead(device: number, one: Live): void {
    const { upgrade } = one
    const factAt = one.facts[one.next]?.at ?? Number.POSITIVE_INFINITY
    const timerAt = upgrade.state === 'settled' ? null : upgrade.state === 'retry' ? upgrade.retryAt : upgrade.dueAt
    const at = Math.min(factAt, timerAt ?? Number.POSITIVE_INFINITY)
    if (Number.isFinite(at)) queue.push(Math.max(now, Math.ceil(at / 1_000) * 1_000), device)
    if (upgrade.state === 'settled' && factAt - now > KEPT_MS) live.delete(device)
  }

  function apply(device: number, one: Live, fact: Fact): void {
    const { upgrade, ignored } = step(one.upgrade, fact, policy)
    campaign.counts.steps += 1
    if (ignored !== undefined) {
      campaign.counts.ignored += 1
      return
    }
    const wave = waves[fleet.wave[device]!]!
    const [before, after] = [classOf(one.upgrade), classOf(upgrade)]
    wave.counters = moveCounters(wave.counters, one.upgrade, upgrade)
    use(before, -1)
    use(after, 1)
    fleet.countsAs[device] = classIndex(after)
    one.upgrade = upgrade
  }

  function use(name: string, by: number): void {
    if (name === 'in_flight') inUse.inFlight += by
    if (name === 'unproven') inUse.unproven += by
    campaign.mostInFlight = Math.max(campaign.mostInFlight, inUse.inFlight)
    campaign.mostUnproven = Math.max(campaign.mostUnproven, inUse.unproven)
  }

  /** An upgrade is the fold of its facts: all that were told of this device until now. */
  function retell(device: number): Live {
    return retellDevice(fleet, device, policy, seed, now)
  }

  function tellFrom(device: number, number: number, at: number): Fact[] {
    const attemptId = attemptIdOf(device, number)
    return factsAfter(fateOf(device, seed), device, { attemptId, number, at, soakMs: policy.timers.soakMs })
  }

  function askGates(): void {
    gateAt = now + GATE_EVERY_MS
    for (const [index, wave] of waves.entries()) {
      if (wave.openedAt === null) continue
      const isLast = waves[index + 1]?.openedAt == null
      if (wave.approvedAt === null && now >= wave.openedAt + APPROVED_AFTER_MS) wave.approvedAt = now
      campaign.counts.gates += 1
      const { advance: how } = policy.waves[index]!
      const { openedAt, reachedAt, approvedAt } = wave
      const clock = {
        advance: how,
        named: false,
        openedAt,
        reachedAt,
        approvedAt,
        overdue: overdueIn(index),
        outside: 'not_asked',
      } as const
      const answer = evaluateGate(wave.counters, policy, clock, now)
      wave.reachedAt = answer.figures.reached ? (wave.reachedAt ?? now) : null
      if (answer.kind === 'stop') {
        campaign.state = answer.action === 'abort' ? 'aborted' : 'paused'
        campaign.reason = `wave ${index + 1}: ${answer.reason}, of ${answer.figures.settled} settled`
        return
      }
      if (answer.kind === 'advance' && isLast && index + 1 < waves.length) openWave(index + 1)
    }
    const isOver = waves.every(({ openedAt, counters }) => openedAt !== null && isSettled(counters))
    // Late facts are still to come: a campaign that is finished counts them too.
    if (isOver && queue.size() === 0) campaign.state = 'finished'
  }

  function overdueIn(wave: number): number {
    const since = now - overdueAfterMs(null, policy)
    let overdue = 0
    for (const [device, { upgrade }] of live) {
      if (upgrade.state !== 'returning' || fleet.wave[device] !== wave) continue
      if ((lastAttempt(upgrade)?.lastByteAt ?? now) < since) overdue += 1
    }
    return overdue
  }
}

const isSettled = ({ pending, in_flight, unproven }: Counters): boolean => pending + in_flight + unproven === 0

function offerOf(device: number, number: number, at: number): Fact {
  const attemptId = attemptIdOf(device, number)
  return { id: '', at, kind: 'claim_committed', attemptId, fromVersion: OLD, snapshotBefore: SNAPSHOT }
}

/** All that was told of a device until an instant, once more: its offers, its facts, and its timers in between. */
export function retellDevice(fleet: CompactFleet, device: number, policy: Policy, seed: number, until: number): Live {
  const one: Live = { upgrade: planned(device), facts: [], next: 0 }
  const apply = (fact: Fact) => (one.upgrade = step(one.upgrade, fact, policy).upgrade)
  const offers = [fleet.firstOffer[device]!, fleet.secondOffer[device]!].slice(0, fleet.offers[device])
  if (offers.length === 0 && CLASSES[fleet.countsAs[device]!] === 'benign') {
    apply({ id: '', at: until, kind: 'withdrawn', reason: 'skipped', detail: 'already_on_target' })
  }
  for (const [index, seconds] of offers.entries()) {
    const at = START + seconds * 1_000
    apply(offerOf(device, index + 1, at))
    const attemptId = attemptIdOf(device, index + 1)
    const soakMs = policy.timers.soakMs
    one.facts = factsAfter(fateOf(device, seed), device, { attemptId, number: index + 1, at, soakMs })
    one.next = 0
    const end = index + 1 < offers.length ? START + offers[index + 1]! * 1_000 : until
    for (;;) {
      const fact = one.facts[one.next]
      const due = one.upgrade.state === 'settled' ? null : one.upgrade.dueAt
      const heardAt = fact === undefined ? Number.POSITIVE_INFINITY : wholeSecond(fact.at)
      const dueAt = due === null ? Number.POSITIVE_INFINITY : wholeSecond(due)
      const next = Math.min(heardAt, dueAt)
      if (next >= end) break
      if (heardAt <= dueAt) {
        apply(fact!)
        one.next += 1
      } else apply({ id: '', at: dueAt, kind: 'time_passed' })
    }
  }
  return one
}

const wholeSecond = (ms: number): number => Math.ceil(ms / 1_000) * 1_000
export const endOf = ({ elapsedMs }: VirtualCampaign): number => START + elapsedMs + 1
