import { expect, test } from 'vitest'
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

const TIMEOUT = 120_000

test(
  'a gateway killed before it claimed leaves nothing behind',
  async () => {
    const aftermath = await killAtStage(beforeTheClaim)
    expectAllWell(aftermath)
  },
  TIMEOUT,
)

test(
  'claims that are committed after their gateway died are found open, and their devices get another Download',
  async () => {
    const aftermath = await killAtStage(beforeTheClaim, killWithClaimsOpen)
    expectAllWell(aftermath)
    expect(lost(aftermath).length).toBeGreaterThanOrEqual(STANDING)
    expect(inDoubt(aftermath)).toBeGreaterThanOrEqual(STANDING)
  },
  TIMEOUT,
)

test(
  'a Download that was written and never read is in doubt until the device says that it does not hold it',
  async () => {
    const aftermath = await killAtStage(downloadUnread)
    expectAllWell(aftermath)
    expect(lost(aftermath).length).toBeGreaterThanOrEqual(STANDING)
    expect(inDoubt(aftermath)).toBeGreaterThanOrEqual(STANDING)
  },
  TIMEOUT,
)

test(
  'a Download whose answer died with the gateway is in doubt, performed once and never sent again',
  async () => {
    const aftermath = await killAtStage(downloadUnanswered, killWithFilesAway)
    expectAllWell(aftermath)
    expect(inDoubt(aftermath)).toBeGreaterThanOrEqual(STANDING)
    expect(downloadsReceived(aftermath)).toBe(DEVICES)
  },
  TIMEOUT,
)

test(
  'a gateway killed after it reported the answer to Download leaves its devices to their work',
  async () => {
    const aftermath = await killAtStage(afterTheAnswer)
    expectAllWell(aftermath)
  },
  TIMEOUT,
)

test(
  'TransferComplete that no gateway heard is said again, and counts once',
  async () => {
    const aftermath = await killAtStage(transferCompleteUnheard)
    expectAllWell(aftermath)
  },
  TIMEOUT,
)

test(
  'TransferComplete that was reported and never answered is said again, and counts once',
  async () => {
    const aftermath = await killAtStage(transferCompleteHeard)
    expectAllWell(aftermath)
  },
  TIMEOUT,
)

function expectAllWell(aftermath: Aftermath): void {
  expect(aftermath.held).toBeGreaterThanOrEqual(STANDING)
  expect(aftermath.violations, tellStory(aftermath)).toEqual([])
  expect(aftermath.campaign).toMatchObject({ state: 'finished', outcomes: { verified: DEVICES } })
  expect(aftermath.states.filter(({ version }) => version === '2.0.0')).toHaveLength(DEVICES)
  const twice = aftermath.states.flatMap(({ downloadsReceivedByCommandKey: keys }) =>
    Object.entries(keys).filter(([, times]) => times > 1),
  )
  expect(twice).toEqual([])
}

/** Attempts that were committed and whose Download no device ever saw. */
function lost({ moves, lines }: Aftermath): string[] {
  const received = new Set(lines.flatMap((line) => (line.what === 'download_received' ? [line.commandKey] : [])))
  const committed = moves.filter(({ fact }) => fact === 'claim_committed').map(({ attemptId }) => attemptId)
  return committed.filter((attemptId) => !received.has(attemptId))
}

function inDoubt({ moves }: Aftermath): number {
  return new Set(moves.filter(({ to }) => to === 'in_doubt').map(({ upgradeId }) => upgradeId)).size
}

function downloadsReceived({ lines }: Aftermath): number {
  return lines.filter(({ what }) => what === 'download_received').length
}
