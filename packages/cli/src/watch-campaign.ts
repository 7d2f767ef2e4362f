import type { Campaign } from '@sluice/contracts'
import { campaignLines } from './campaign-view.ts'
import type { Invocation } from './command.ts'

const POLL_MS = 2_000

/** Draws a campaign as it changes: live events, and a look every two seconds for what was missed. */
export async function watchCampaign({ client, say, screen, signal }: Invocation, campaignId: string): Promise<boolean> {
  let last = ''
  const show = (campaign: Campaign) => {
    const lines = campaignLines(campaign)
    if (screen !== null) screen.draw(lines)
    else if (lines.join('\n') !== last) for (const line of lines) say(line)
    last = lines.join('\n')
  }
  for (;;) {
    const campaign = await client.call('getCampaign', { params: { campaignId } })
    show(campaign)
    if (isAtRest(campaign)) return campaign.state === 'finished'
    await showLive(client, campaignId, AbortSignal.any([signal, AbortSignal.timeout(POLL_MS)]), show)
    signal.throwIfAborted()
  }
}

async function showLive(
  client: Invocation['client'],
  campaignId: string,
  signal: AbortSignal,
  show: (campaign: Campaign) => void,
): Promise<void> {
  try {
    for await (const event of client.events({ campaignId }, signal)) {
      if (event.event !== 'campaign.changed') continue
      const campaign = JSON.parse(event.data) as Campaign
      show(campaign)
      if (isAtRest(campaign)) return
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** Nothing moves any more without a person. */
function isAtRest({ state, counters }: Campaign): boolean {
  if (state === 'finished' || state === 'ready') return true
  return (state === 'paused' || state === 'aborted') && counters.inFlight + counters.unproven === 0
}
