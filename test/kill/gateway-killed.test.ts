import { afterAll, beforeAll, expect, test } from 'vitest'
import { bringInFirmware, trustVendor } from '../end-to-end/bring-in-firmware.ts'
import { judgeHistory } from '../end-to-end/judge-history.ts'
import type { RunningFleet } from '../end-to-end/run-fleet.ts'
import { type DistributedSystem, startDistributedSystem } from '../end-to-end/start-distributed.ts'
import { downloadsOnTop } from './downloads-on-top.ts'
import { type Aftermath, DEVICES, killAtStage, type Victim } from './kill-at-stage.ts'
import { killWithClaimsOpen, killWithFilesAway, STANDING } from './kill-gateway.ts'
import {
  afterTheAnswer,
  beforeTheClaim,
  downloadUnanswered,
  downloadUnread,
  transferCompleteHeard,
  transferCompleteUnheard,
} from './stages.ts'

const patient = { timeout: 120_000 }

let system: DistributedSystem
let victim: Victim
const fleets: RunningFleet[] = []
beforeAll(async () => {
  system = await startDistributedSystem()
  await trustVendor(system)
  const { artifactId } = await bringInFirmware(system, { version: '2.0.0' })
  victim = { system, artifactId, fleets }
}, 60_000)
afterAll(async () => {
  for (const fleet of fleets) await fleet.remove()
  await system?.remove()
})

test('a gateway killed before it claimed leaves nothing behind', patient, async () => {
  const aftermath = await killAtStage(victim, beforeTheClaim)
  expectAllWell(aftermath)
})

test(
  'a claim that is committed when its gateway is dead is found open, and its device gets another Download',
  patient,
  async () => {
    const aftermath = await killAtStage(victim, beforeTheClaim, killWithClaimsOpen)
    expectAllWell(aftermath)
    expect(lost(aftermath)).toBeGreaterThanOrEqual(STANDING)
    expect(moved(aftermath, 'retry')).toBeGreaterThanOrEqual(STANDING)
  },
)

test('a Download that was never read is in doubt until the device says that it does not hold it', patient, async () => {
  const aftermath = await killAtStage(victim, downloadUnread)
  expectAllWell(aftermath)
  expect(lost(aftermath)).toBeGreaterThanOrEqual(STANDING)
  expect(moved(aftermath, 'in_doubt', 'download_unanswered')).toBeGreaterThanOrEqual(STANDING)
  expect(moved(aftermath, 'retry', 'queued_transfers_listed')).toBeGreaterThanOrEqual(STANDING)
})

test(
  'a Download whose answer died with the gateway is in doubt, performed once and never sent again',
  patient,
  async () => {
    const aftermath = await killAtStage(victim, downloadUnanswered, killWithFilesAway)
    expectAllWell(aftermath)
    expect(moved(aftermath, 'in_doubt', 'download_unanswered')).toBeGreaterThanOrEqual(STANDING)
    expect(moved(aftermath, 'accepted', 'queued_transfers_listed')).toBeGreaterThanOrEqual(STANDING)
    expect(downloadsReceived(aftermath)).toBe(DEVICES)
  },
)

test(
  'a gateway killed after it reported the answer to Download leaves its devices to their work',
  patient,
  async () => {
    const aftermath = await killAtStage(victim, afterTheAnswer)
    expectAllWell(aftermath)
  },
)

test('request 22: TransferComplete that no gateway heard is said again, and counts once', patient, async () => {
  const aftermath = await killAtStage(victim, transferCompleteUnheard)
  expectAllWell(aftermath)
})

test(
  'request 22: TransferComplete that was reported and never answered is said again, and counts once',
  patient,
  async () => {
    const aftermath = await killAtStage(victim, transferCompleteHeard)
    expectAllWell(aftermath)
  },
)

test('journals, API and the devices’ own records agree, and every guarantee was kept', patient, async () => {
  expect(await judgeHistory(system, fleets)).toEqual([])
})

function expectAllWell({ held, lines, campaign, states }: Aftermath): void {
  expect(held).toBeGreaterThanOrEqual(STANDING)
  expect(downloadsOnTop(lines)).toEqual([])
  expect(campaign).toMatchObject({ state: 'finished', outcomes: { verified: DEVICES } })
  expect(states.filter(({ version }) => version === '2.0.0')).toHaveLength(DEVICES)
}

/** Attempts that were committed and whose Download no device ever saw. */
function lost({ moves, lines }: Aftermath): number {
  const received = new Set(lines.flatMap((line) => (line.what === 'download_received' ? [line.commandKey] : [])))
  return moves.filter(({ fact, attemptId }) => fact === 'claim_committed' && !received.has(attemptId)).length
}

/** Upgrades that came into this state, by this fact or by any. */
function moved({ moves }: Aftermath, to: string, by?: string): number {
  const came = moves.filter((move) => move.to === to && (by === undefined || move.fact === by))
  return new Set(came.map(({ upgradeId }) => upgradeId)).size
}

function downloadsReceived({ lines }: Aftermath): number {
  return lines.filter(({ what }) => what === 'download_received').length
}
