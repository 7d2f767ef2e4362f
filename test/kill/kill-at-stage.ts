import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PolicyDraft } from '@sluice/contracts'
import type { DeviceState, RecordLine } from '@sluice/device-simulator'
import { waitUntil, type Violation } from '@sluice/testbed'
import { bringInFirmware, trustVendor } from '../end-to-end/bring-in-firmware.ts'
import { judgeHistory } from '../end-to-end/judge-history.ts'
import { quickPolicy, startCampaign, upgradesOf, waitForState } from '../end-to-end/run-campaign.ts'
import { runFleet } from '../end-to-end/run-fleet.ts'
import { type DistributedSystem, startDistributedSystem } from '../end-to-end/start-distributed.ts'
import { readMoves, type Move } from './read-moves.ts'
import { createStageBarrier, type StageBarrier } from './stage-barrier.ts'
import type { Stage } from './stages.ts'

export const DEVICES = 120
/** So many sessions stand in the stage when the gateway dies. */
export const STANDING = 50

/** Caps that bind, and timers longer than any wait of the test: who was lost is found by asking, not by waiting. */
const policy = {
  ...quickPolicy,
  caps: { inFlight: 64, unproven: 100 },
  timers: { ...quickPolicy.timers, answerMs: 8_000, firstReportMs: 15_000, minTransferMs: 15_000, flashMs: 8_000 },
} as const satisfies PolicyDraft

export interface Aftermath {
  /** Sessions in the stage when the gateway died. */
  readonly held: number
  readonly campaign: { readonly state: string; readonly outcomes: Readonly<Record<string, number>> }
  readonly violations: readonly Violation[]
  readonly moves: readonly Move[]
  readonly lines: readonly RecordLine[]
  readonly states: readonly DeviceState[]
}

/** A campaign during which one of two gateways dies with sessions standing in this stage, and everything it left. */
export async function killAtStage(stage: Stage, standThere = holdThem): Promise<Aftermath> {
  const seed = Number(process.env['SLUICE_SEED'] ?? randomInt(1_000_000))
  console.info(`seed ${seed}`)
  await using owned = new AsyncDisposableStack()
  const system = await startDistributedSystem()
  owned.defer(() => system.remove())
  const [doomed = '', other = ''] = Object.keys(system.proxy.answered())
  const barrier = await createStageBarrier(doomed, other)
  owned.defer(() => barrier.close())
  const fleet = await runFleet({ ...system, acsUrl: barrier.url }, { count: DEVICES, seed })
  owned.defer(() => fleet.remove())
  await trustVendor(system)
  const { artifactId } = await bringInFirmware(system, { version: '2.0.0' })

  barrier.holdAt(stage)
  const { campaignId } = await startCampaign(system, artifactId, policy)
  const held = await standThere(barrier, system)
  const campaign = await waitForState(system, campaignId, ['finished', 'paused', 'aborted'], 60_000)
  await upgradesOf(system, campaignId)

  const violations = await judgeHistory(system, [fleet])
  const moves = await readMoves(system)
  return { held, campaign, violations, moves, lines: fleet.lines(), states: await fleet.stop() }
}

/** Waits until enough sessions stand there, and kills the gateway under them. */
async function holdThem(barrier: StageBarrier, system: DistributedSystem): Promise<number> {
  await enough(() => barrier.held())
  const held = barrier.held()
  await killGateway(system)
  barrier.cut()
  return held
}

/** The claims are with the scheduler, which hears them only when the gateway that asked is dead. */
export async function leaveClaimsOpen(barrier: StageBarrier, system: DistributedSystem): Promise<number> {
  await enough(() => barrier.held())
  const scheduler = system.services.get('campaign-scheduler')!
  scheduler.pause()
  barrier.letGo()
  await enough(() => barrier.openAtDoomed())
  // Long enough for the gateway to have asked, and well before it would stop waiting.
  await sleep(700)
  const open = barrier.openAtDoomed()
  await killGateway(system)
  barrier.cut()
  scheduler.resume()
  return open
}

async function enough(standing: () => number): Promise<void> {
  const describe = () => `only ${standing()} sessions stand there`
  await waitUntil(() => standing() >= STANDING, { deadlineMs: 30_000, everyMs: 5, describe })
}

function killGateway(system: DistributedSystem): Promise<void> {
  return system.services.get('cwmp-gateway-1')!.kill('SIGKILL')
}
