import { setTimeout as sleep } from 'node:timers/promises'
import type { Campaign } from '@sluice/contracts'
import { type Violation, waitUntil } from '@sluice/testbed'
import { bringInFirmware, trustVendor } from '../end-to-end/bring-in-firmware.ts'
import { judgeHistory } from '../end-to-end/judge-history.ts'
import { getCampaign, quickPolicy, startCampaign } from '../end-to-end/run-campaign.ts'
import { type RunningFleet, runFleet } from '../end-to-end/run-fleet.ts'
import { type DistributedSystem, startDistributedSystem } from '../end-to-end/start-distributed.ts'
import { type Plan, planChaos, tellStrike } from './plan-chaos.ts'
import { carryOutStrike, keepServicesAlive } from './strike.ts'
import { untilAllHaveSpoken } from './until-all-have-spoken.ts'

export interface ChaosResult {
  readonly seed: number
  readonly campaign: Campaign
  readonly seconds: number
  readonly violations: readonly Violation[]
  /** What the processes logged last, where something was not kept. */
  readonly output: string
}

/** What a process had in hand when it was killed reaches another one after this long (`ACK_WAIT_MS` of the bus). */
const ACK_WAIT_MS = 20_000

/**
 * Long enough that nobody is called silent because the machine is busy, short enough to see who is. A device that lost
 * its claim is heard at its next periodic Inform, and what it says may be with a process that is killed.
 */
const policyFor = (periodicInformMs: number) => ({
  ...quickPolicy,
  waves: [
    { size: { percent: 10 }, advance: 'auto' as const },
    { size: { percent: 100 }, advance: 'auto' as const },
  ],
  // Of those that misbehave many are settled first.
  gate: { ...quickPolicy.gate, minSettled: 20, soakMs: 500, successThreshold: 0.6, failureThreshold: 0.7 },
  // The first one is reached: what goes beyond it would be seen.
  caps: { inFlight: 200, unproven: 500 },
  timers: {
    ...quickPolicy.timers,
    answerMs: 8_000,
    firstReportMs: periodicInformMs + ACK_WAIT_MS,
    sessionRetryMs: 12_000,
    minTransferMs: 30_000,
    flashMs: 20_000,
    soakMs: 2_000,
    // Settings that come back are told by the next periodic Inform.
    sentinelMs: periodicInformMs + 5_000,
    graceMs: 1_000,
  },
  retries: { backoffMs: 1_000, nextDayMs: 3_000 },
})

/** One campaign in which every part of the system is hit once, and what the checker has to say of it. */
export async function runSeed(seed: number, devices: number, say: (line: string) => void): Promise<ChaosResult> {
  const startedAt = performance.now()
  const plan = planChaos(seed, devices)
  // Some 70 sessions a second of devices that have nothing to do: a third of two cores.
  const periodicInformMs = devices * 15
  const system = await startDistributedSystem({ gateways: 2, schedulers: 2 })
  let fleet: RunningFleet | undefined
  try {
    await trustVendor(system)
    fleet = await runFleet(system, {
      count: devices,
      faults: plan.faults.map(({ faults }) => faults),
      periodicInformMs,
      startSpreadMs: devices * 5,
      device: { startsAtAnyPhase: true },
      timeScale: 0.15,
    })
    say(`seed ${seed}: ${devices} devices have informed`)
    const artifact = await bringInFirmware(system, { version: '2.0.0' })
    const { campaignId } = await startCampaign(system, artifact.artifactId, policyFor(periodicInformMs))
    const inHand = new Set<string>()
    const letDie = keepServicesAlive(system, inHand, say)
    await strikeByPlan(system, campaignId, plan, inHand, say)
    const struckUntil = new Date().toISOString()
    await seenThrough(system, campaignId, ({ state }) => state !== 'running', 240_000)
    await untilAllHaveSpoken(fleet, struckUntil, 2 * periodicInformMs + 60_000)
    await system.quiet()
    // What came late reopens an outcome, and has a soak of its own.
    const campaign = await seenThrough(system, campaignId, isOver, 60_000)
    say(`seed ${seed}: ${campaign.state} (${campaign.stateReason}), ${JSON.stringify(campaign.outcomes)}`)
    letDie()
    const violations = await judgeHistory(system, [fleet])
    const seconds = Math.round((performance.now() - startedAt) / 1_000)
    return { seed, campaign, seconds, violations, output: violations.length === 0 ? '' : system.output() }
  } finally {
    await fleet?.remove()
    await system.remove()
  }
}

async function strikeByPlan(
  system: DistributedSystem,
  campaignId: string,
  { strikes }: Plan,
  inHand: Set<string>,
  say: (line: string) => void,
): Promise<void> {
  for (const { at, afterMs, strike } of strikes) {
    const { state } = await seenThrough(system, campaignId, (campaign) => shareSettled(campaign) >= at, 120_000)
    if (state !== 'running') throw new Error(`the campaign is ${state} before all parts were hit`)
    await sleep(afterMs)
    say(`at ${Math.round(at * 100)} %: ${tellStrike(strike)}`)
    inHand.add(strike.part)
    await carryOutStrike(system, strike)
    inHand.delete(strike.part)
  }
}

/** Who asks while a part is away gets no answer, and asks again. */
async function seenThrough(
  system: DistributedSystem,
  campaignId: string,
  isSo: (campaign: Campaign) => boolean,
  deadlineMs: number,
): Promise<Campaign> {
  let seen: Campaign | undefined
  await waitUntil(
    async () => {
      seen = await getCampaign(system, campaignId).catch(() => seen)
      return seen !== undefined && isSo(seen)
    },
    {
      deadlineMs,
      everyMs: 250,
      describe: () => `the campaign is still ${seen?.state} ${JSON.stringify(seen?.counters)}`,
    },
  )
  return seen!
}

function isOver({ state, counters }: Campaign): boolean {
  return state !== 'running' && counters.inFlight + counters.unproven === 0
}

function shareSettled({ counters, size }: Campaign): number {
  const { pending, inFlight, unproven } = counters
  return (size - pending - inFlight - unproven) / size
}
