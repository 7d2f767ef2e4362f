import { type DryRun, type InputOf, type Reply, answered, type campaignDryRun, refused } from '@sluice/contracts'
import { waveSizes } from '@sluice/rollout'
import { toMs } from '../parts.ts'
import { linesOf } from '../store/campaigns.ts'
import { countersOfLines } from '../store/releases.ts'
import { completePolicy } from './complete-policy.ts'
import { completeRetry } from './complete-retry.ts'
import type { CoverParts } from './cover.ts'
import { type ReadDevices, createDevicePages } from './device-pages.ts'
import { dryRunNotes } from './dry-run-notes.ts'
import { estimateDuration } from './estimate-duration.ts'
import { largestWithRoom, roomNotes, wrongWindows } from './open-hours.ts'
import { planPath } from './path.ts'
import { wrongGateOf } from './post-gate.ts'
import { createSorter } from './sort-out.ts'
import { type Survey, createSurveyor } from './survey.ts'
import { tooLong } from './too-long.ts'
import { createTurns } from './turns.ts'

type Input = InputOf<typeof campaignDryRun>

/** Each goes through the inventory; none waits, or the time of its asker would be over before it ends. */
const MOST_AT_ONCE = 4

export type DryRunner = (input: Input, traceparent?: string) => Promise<Reply<DryRun>>

export function createDryRunner(parts: CoverParts): DryRunner {
  const inTurn = createTurns('dry runs', { atOnce: MOST_AT_ONCE, most: MOST_AT_ONCE })
  return (input, traceparent) => inTurn(() => dryRunCampaign(parts, input, traceparent))
}

/** What a campaign would be: reads what its plan would read, page by page, and writes nothing. */
async function dryRunCampaign(parts: CoverParts, input: Input, traceparent?: string): Promise<Reply<DryRun>> {
  const whole = await completeRetry(parts, input.draft)
  if (!whole.ok) return whole
  const draft = whole.data
  const completed = completePolicy(draft.policy)
  if (completed.kind === 'wrong') return refused('invalid_request', completed.detail)
  const { policy } = completed
  const long = tooLong({ targets: draft.targets, policy })
  if (long !== undefined) return long
  const wrongGate = wrongGateOf(policy, parts.settings)
  if (wrongGate !== undefined) return refused('invalid_request', wrongGate)
  if (draft.dynamic !== undefined && toMs(draft.dynamic.endsAt) <= parts.clock.now()) {
    return refused('invalid_request', `the campaign is dynamic until ${draft.dynamic.endsAt}, which is over`)
  }
  const path = await planPath(parts, draft, policy, traceparent)
  if (!path.ok) return path
  const now = parts.clock.now()
  const wrongHours = wrongWindows(policy, path.data, now)
  if (wrongHours !== null) return refused('invalid_request', wrongHours)

  const sortOut = createSorter(path.data, policy, await countersOfLines(parts.sql, linesOf(path.data)))
  const surveyor = createSurveyor(policy)
  const read = createDevicePages(parts, draft.targets, draft.retryOf ?? null)
  const seen = await eachPage(parts, read, (devices) => surveyor.see(sortOut(devices)))
  if (!seen.ok) return seen
  const all = surveyor.end()
  const survey = { ...all, imageBytes: largestWithRoom(policy, path.data, all.imageBytes, now) }
  const sizes = sizesOf(policy.waves, survey)
  const { approvalAbove } = parts.settings
  return answered({
    devices: survey.devices,
    byModel: [...survey.byModel],
    leftOut: survey.leftOut.map((line) => ({ ...line })),
    waves: sizes.map((size, index) => ({ wave: index + 1, size })),
    duration: estimateDuration(policy, sizes, survey.imageBytes),
    notes: [...dryRunNotes(draft, path.data, policy, survey), ...roomNotes(policy, path.data, now)],
    approvalNeededBecause: [
      ...(policy.allowDowngrade === true ? (['downgrade'] as const) : []),
      ...(approvalAbove > 0 && survey.devices > approvalAbove ? (['size'] as const) : []),
    ],
  })
}

type Devices = Parameters<ReturnType<typeof createSorter>>[0]

/** Within what the asker waits for: who is too many is told, with what to do about it. */
async function eachPage(parts: CoverParts, read: ReadDevices, see: (devices: Devices) => void): Promise<Reply<null>> {
  const { clock, settings } = parts
  const end = clock.now() + settings.dryRunMs
  let count = 0
  let cursor: string | null = null
  for (;;) {
    const page: Awaited<ReturnType<ReadDevices>> = await read(cursor)
    if (!page.ok) return page
    count += page.data.items.length
    if (count > settings.dryRunMost) return tooMany(`more than ${settings.dryRunMost} devices fit the targets`)
    see(page.data.items)
    cursor = page.data.next
    if (cursor === null) return answered(null)
    if (clock.now() > end) return tooMany(`there was time to look at ${count} of the devices that fit the targets`)
  }
}

const tooMany = (what: string): Reply<never> =>
  refused('too_large', `${what}: narrow them, for example to one model, tag or region`)

/** As the plan will have them: canaries that are not there make their wave smaller. */
function sizesOf(
  waves: Parameters<typeof waveSizes>[1],
  { devices, canaries }: Pick<Survey, 'devices' | 'canaries'>,
): number[] {
  const found = waves.map((wave, index) =>
    'devices' in wave.size ? { ...wave, size: { count: canaries.get(index + 1) ?? 0 } } : wave,
  )
  return waveSizes(devices, found)
}
