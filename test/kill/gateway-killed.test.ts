import { expect, test } from 'vitest'
import { downloadsOnTop } from './downloads-on-top.ts'
import { type Aftermath, DEVICES, killAtStage } from './kill-at-stage.ts'
import { killWithClaimsOpen, killWithFilesAway, STANDING } from './kill-gateway.ts'
import {
  afterTheAnswer,
  beforeTheClaim,
  downloadUnanswered,
  downloadUnread,
  transferCompleteHeard,
  transferCompleteUnheard,
} from './stages.ts'
import { tellStory } from './tell-story.ts'

const patient = { timeout: 120_000 }

test('a gateway killed before it claimed leaves nothing behind', patient, async () => {
  const aftermath = await killAtStage(beforeTheClaim)
  expectAllWell(aftermath)
})

test(
  'a claim that is committed when its gateway is dead is found open, and its device gets another Download',
  patient,
  async () => {
    const aftermath = await killAtStage(beforeTheClaim, killWithClaimsOpen)
    expectAllWell(aftermath)
    expect(lost(aftermath)).toBeGreaterThanOrEqual(STANDING)
    expect(moved(aftermath, 'retry')).toBeGreaterThanOrEqual(STANDING)
  },
)

test('a Download that was never read is in doubt until the device says that it does not hold it', patient, async () => {
  const aftermath = await killAtStage(downloadUnread)
  expectAllWell(aftermath)
  expect(lost(aftermath)).toBeGreaterThanOrEqual(STANDING)
  expect(moved(aftermath, 'in_doubt', 'download_unanswered')).toBeGreaterThanOrEqual(STANDING)
  expect(moved(aftermath, 'retry', 'queued_transfers_listed')).toBeGreaterThanOrEqual(STANDING)
})

test(
  'a Download whose answer died with the gateway is in doubt, performed once and never sent again',
  patient,
  async () => {
    const aftermath = await killAtStage(downloadUnanswered, killWithFilesAway)
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
    const aftermath = await killAtStage(afterTheAnswer)
    expectAllWell(aftermath)
  },
)

test('TransferComplete that no gateway heard is said again, and counts once', patient, async () => {
  const aftermath = await killAtStage(transferCompleteUnheard)
  expectAllWell(aftermath)
})

test('TransferComplete that was reported and never answered is said again, and counts once', patient, async () => {
  const aftermath = await killAtStage(transferCompleteHeard)
  expectAllWell(aftermath)
})

function expectAllWell(aftermath: Aftermath): void {
  const { held, lines, violations, campaign, states } = aftermath
  expect(held).toBeGreaterThanOrEqual(STANDING)
  expect(downloadsOnTop(lines)).toEqual([])
  expect(violations, tellStory(aftermath)).toEqual([])
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
