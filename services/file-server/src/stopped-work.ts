import { transferStopsChanged, transferStopsGet, type TransferStops } from '@sluice/contracts'
import type { Bus } from '@sluice/bus'
import { campaignMarkOf } from '@sluice/firmware'
import type { Cancel, Clock, Log } from '@sluice/runtime'
import { LOG } from './observability.ts'

/** Whose downloads are refused at the first byte: learnt from the scheduler, kept whole, in memory. */
export interface StoppedWork {
  /** A campaign by its mark, as a grant names it. `unknown` until the set was learnt once: then nothing may be served. */
  standingOf(campaignMark: string, artifactId: string): 'open' | 'stopped' | 'unknown'
  isKnown(): boolean
  stop(): Promise<void>
}

/** Until the set is known nothing is served, so ask often. */
const ASK_AGAIN_MS = 250

/**
 * Asks at once and then every `refreshMs`, and listens for changes in between. While the scheduler does not answer,
 * what was last known holds: an outage of the scheduler is no reason to break off a fleet's downloads.
 */
export async function followStoppedWork(
  parts: { readonly bus: Bus; readonly clock: Clock; readonly log: Log },
  refreshMs: number,
): Promise<StoppedWork> {
  const { bus, clock, log } = parts
  let known: { readonly campaigns: ReadonlySet<string>; readonly artifacts: ReadonlySet<string> } | null = null
  let heard = 0
  let asking: Promise<void> | null = null
  let cancelAskingAgain: Cancel = () => undefined
  let ended = false

  const learn = (stops: TransferStops) => {
    known = { campaigns: new Set(stops.campaignIds.map(campaignMarkOf)), artifacts: new Set(stops.artifactIds) }
  }
  const ask = async () => {
    const heardBefore = heard
    const reply = await bus.request(transferStopsGet, {})
    if (!reply.ok) log.warn({ code: reply.error.code, known: known !== null }, LOG.stopsNotLearnt)
    // A change heard while the answer was on its way is the newer of the two.
    else if (heard === heardBefore) learn(reply.data)
  }
  const refresh = () => {
    asking ??= ask().finally(() => (asking = null))
    return asking
  }

  const stopListening = await bus.listen(transferStopsChanged, (event) => {
    heard += 1
    learn(event.data)
  })
  const untilKnown = async () => {
    await refresh()
    if (known === null && !ended) cancelAskingAgain = clock.after(ASK_AGAIN_MS, () => void untilKnown())
  }
  await untilKnown()
  const cancel = clock.every(refreshMs, () => void refresh())

  return {
    standingOf: (campaignMark, artifactId) => {
      if (known === null) return 'unknown'
      return known.campaigns.has(campaignMark) || known.artifacts.has(artifactId) ? 'stopped' : 'open'
    },
    isKnown: () => known !== null,
    stop: async () => {
      ended = true
      cancel()
      cancelAskingAgain()
      await stopListening()
      await asking
    },
  }
}
