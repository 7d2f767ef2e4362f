import { randomInt } from 'node:crypto'
import type { Campaign, PolicyDraft } from '@sluice/contracts'
import type { DeviceState, RecordLine } from '@sluice/device-simulator'
import type { Violation } from '@sluice/testbed'
import { bringInFirmware, trustVendor } from '../end-to-end/bring-in-firmware.ts'
import { judgeHistory } from '../end-to-end/judge-history.ts'
import { quickPolicy, startCampaign, waitForState } from '../end-to-end/run-campaign.ts'
import { runFleet } from '../end-to-end/run-fleet.ts'
import { startDistributedSystem } from '../end-to-end/start-distributed.ts'
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

/** All there is to judge by when everything is over. */
export interface Aftermath {
  /** Sessions in the stage when the gateway died. */
  readonly held: number
  readonly campaign: Campaign
  readonly violations: readonly Violation[]
  /** By the journal. */
  readonly moves: readonly Move[]
  /** By the devices. */
  readonly lines: readonly RecordLine[]
  readonly states: readonly DeviceState[]
}

/** A campaign during which one of two gateways dies with sessions standing in this stage. The other carries on alone. */
export async function killAtStage(stage: Stage, kill: Kill = killAtOnce): Promise<Aftermath> {
  const seed = Number(process.env['SLUICE_SEED'] ?? randomInt(1_000_000))
  console.info(`seed ${seed}`)
  await using owned = new AsyncDisposableStack()
  const system = await startDistributedSystem()
  owned.defer(() => system.remove())
  const [doomed = '', other = ''] = Object.keys(system.proxy.answered())
  const barrier = await createStageBarrier(doomed, other)
  owned.defer(() => barrier.close())
  const fleet = await runFleet({ ...system, acsUrl: barrier.url }, { count: DEVICES, seed, periodicInformMs: 2_000 })
  owned.defer(() => fleet.remove())
  await trustVendor(system)
  const { artifactId } = await bringInFirmware(system, { version: '2.0.0' })

  barrier.holdAt(stage)
  const { campaignId } = await startCampaign(system, artifactId, policy)
  const held = await kill({ barrier, system, fleet, campaignId })
  const campaign = await waitForState(system, campaignId, ['finished', 'paused', 'aborted'], 60_000)

  const violations = await judgeHistory(system, [fleet])
  const moves = await readMoves(system)
  return { held, campaign, violations, moves, lines: fleet.lines(), states: await fleet.stop() }
}
