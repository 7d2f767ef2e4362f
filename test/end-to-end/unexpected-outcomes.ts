import type { Order } from './ordered-faults.ts'
import { upgradesOf } from './run-campaign.ts'
import type { RunningFleet } from './run-fleet.ts'
import type { System } from './system.ts'

/** Devices that did not end as ordered (verified, where nothing was), in words, with what was known of each. */
export async function unexpectedOutcomes(
  system: System,
  campaignId: string,
  { names }: RunningFleet,
  ordered: readonly Order[],
): Promise<string[]> {
  const upgrades = new Map((await upgradesOf(system, campaignId)).map((one) => [one.deviceName, one]))
  const unexpected: string[] = []
  for (const [index, name] of names.entries()) {
    const { faults, outcomes } = ordered[index] ?? { faults: {}, outcomes: ['verified'] }
    const { upgradeId, state, reason } = upgrades.get(name)!
    const outcome = state === 'failed' ? `${state} ${reason}` : state
    if (outcomes.includes(outcome)) continue
    const story = await storyOf(system, upgradeId)
    unexpected.push(`${name} ${JSON.stringify(faults)} is ${outcome}, not ${outcomes.join(' or ')}: ${story}`)
  }
  return unexpected
}

async function storyOf(system: System, upgradeId: string): Promise<string> {
  const { items } = await system.client.call('getUpgradeHistory', { params: { upgradeId }, query: { limit: 500 } })
  return items
    .map(({ at, data }) => ({ at, ...(data as { fact?: { kind: string; faultCode?: number }; to?: string }) }))
    .filter(({ fact }) => fact !== undefined)
    .map(
      ({ at, fact, to }) => `${at.slice(17, 23)} ${fact!.kind}${fact!.faultCode ? ` ${fact!.faultCode}` : ''} -> ${to}`,
    )
    .join(', ')
}
