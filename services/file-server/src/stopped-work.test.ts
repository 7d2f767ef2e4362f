import type { Bus } from '@sluice/bus'
import type { Reply, TransferStops } from '@sluice/contracts'
import { campaignMarkOf } from '@sluice/firmware'
import { createIds, createLog, createManualClock } from '@sluice/runtime'
import { expect, it } from 'vitest'
import { followStoppedWork } from './stopped-work.ts'

const ids = createIds()
const [CAMPAIGN, ARTIFACT] = [ids.campaign(), ids.artifact()]
const NOTHING: TransferStops = { campaignIds: [], artifactIds: [] }
const REFRESH_MS = 5_000

/** A scheduler that answers when the test says so. */
function follow() {
  const asked: ((reply: Reply<TransferStops>) => void)[] = []
  let say: (stops: TransferStops) => void = () => undefined
  const bus = {
    request: () => new Promise((resolve) => asked.push(resolve)),
    listen: async (_: unknown, hear: (event: { data: TransferStops }) => void) => {
      say = (data) => hear({ data })
      return async () => undefined
    },
  } as unknown as Bus
  const clock = createManualClock(0)
  const following = followStoppedWork({ bus, clock, log: createLog({ service: 'test', level: 'silent' }) }, REFRESH_MS)
  return { asked, clock, following, say: (stops: TransferStops) => say(stops) }
}

it('a change that is heard while the answer is on its way is the newer of the two', async () => {
  const { asked, clock, following, say } = follow()
  await clock.advance(0)
  say({ ...NOTHING, campaignIds: [CAMPAIGN] })
  asked[0]!({ ok: true, data: NOTHING })
  const work = await following
  expect(work.standingOf(campaignMarkOf(CAMPAIGN), ARTIFACT)).toBe('stopped')
  await work.stop()
})

it('what is stopped is asked for again, should a change not be heard, and holds while nobody answers', async () => {
  const { asked, clock, following } = follow()
  await clock.advance(0)
  asked[0]!({ ok: true, data: NOTHING })
  const work = await following
  const standing = () => work.standingOf(campaignMarkOf(CAMPAIGN), ARTIFACT)
  expect(standing()).toBe('open')
  await clock.advance(REFRESH_MS)
  asked[1]!({ ok: true, data: { ...NOTHING, artifactIds: [ARTIFACT] } })
  await clock.advance(REFRESH_MS)
  expect(standing()).toBe('stopped')
  asked[2]!({ ok: false, error: { code: 'unavailable', detail: 'nobody answers' } })
  await clock.advance(0)
  expect(standing()).toBe('stopped')
  await work.stop()
})
