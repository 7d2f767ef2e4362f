import { randomInt } from 'node:crypto'
import type { Campaign, PolicyDraft } from '@sluice/contracts'
import type { DeviceState, RecordLine } from '@sluice/device-simulator'
import { quickPolicy, startCampaign, waitForState } from '../end-to-end/run-campaign.ts'
import { type RunningFleet, runFleet } from '../end-to-end/run-fleet.ts'
import type { DistributedSystem } from '../end-to-end/start-distributed.ts'
import { type Kill, killAtOnce } from './kill-gateway.ts'
import { type Move, readMoves } from './read-moves.ts'
import { createStageBarrier } from './stage-barrier.ts'
import type { Stage } from './stages.ts'

export const DEVICES = 120

/** Caps that bind, and timers longer than any wait of a test: who was lost is found by asking, not by waiting. */
const policy = {
  ...quickPolicy,
  caps: { inFlight: 64, unproven: 100 },
  timers: { ...quickPolicy.timers, answerMs: 8_000, firstReportMs: 15_000, minTransferMs: 15_000, flashMs: 8_000 },
} as const satisfies PolicyDraft

/** What every kill happens to. */
export interface Victim {
  readonly system: DistributedSystem
  readonly artifactId: string
  /** Of all kills: their records are judged together, at the end. */
  readonly fleets: RunningFleet[]
}

/** What one kill is judged by when its campaign is over. */
export interface Aftermath {
  /** Sessions in the stage when the gateway died. */
  readonly held: number
  readonly campaign: Campaign
  /** By the journal. */
  readonly moves: readonly Move[]
  /** By the devices. */
  readonly lines: readonly RecordLine[]
  readonly states: readonly DeviceState[]
}

/**
 * A campaign during which one of two gateways dies with sessions standing in this stage. The other carries on alone;
 * when all is over the dead one is started again.
 */
export async function killAtStage(victim: Victim, stage: Stage, kill: Kill = killAtOnce): Promise<Aftermath> {
  const { system, artifactId, fleets } = victim
  const seed = Number(process.env['SLUICE_SEED'] ?? randomInt(1_000_000))
  console.info(`seed ${seed}`)
  const [doomed = '', other = ''] = system.gateways
  await using owned = new AsyncDisposableStack()
  const barrier = await createStageBarrier(doomed, other)
  owned.defer(() => barrier.close())
  const serialPrefix = `KILL${fleets.length + 1}N`
  const options = { count: DEVICES, seed, serialPrefix, periodicInformMs: 2_000 }
  const fleet = await runFleet({ ...system, acsUrl: barrier.url }, options)
  fleets.push(fleet)

  barrier.holdAt(stage)
  const { campaignId } = await startCampaign(system, artifactId, policy, fleet.names)
  const held = await kill({ barrier, system, fleet, campaignId })
  const campaign = await waitForState(system, campaignId, ['finished', 'paused', 'aborted'], 60_000)
  const states = await fleet.stop()
  await system.restart('cwmp-gateway-1')

  return { held, campaign, moves: await readMoves(system, campaignId), lines: fleet.lines(), states }
}
