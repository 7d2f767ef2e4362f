import type { Campaign, PolicyDraft, Upgrade } from '@sluice/contracts'
import { waitUntil } from '@sluice/testbed'
import type { System } from './system.ts'

/** An ordinary policy whose timers are seconds, and whose gate lets everything through. */
export const quickPolicy = {
  waves: [{ size: { percent: 100 }, advance: 'auto' }],
  gate: { minSettled: 1, soakMs: 0, successThreshold: 0, failureThreshold: 1, limits: { configLost: 1 } },
  timers: {
    answerMs: 2_000,
    firstReportMs: 7_000,
    sessionRetryMs: 5_000,
    minTransferMs: 12_000,
    flashMs: 7_000,
    soakMs: 1_500,
    sentinelMs: 6_000,
    graceMs: 500,
    finalMs: 120_000,
  },
  retries: { backoffMs: 500, nextDayMs: 1_000 },
} as const satisfies PolicyDraft

export async function startCampaign(
  system: System,
  artifactId: string,
  policy: PolicyDraft = quickPolicy,
  names?: readonly string[],
): Promise<Campaign> {
  const targets = names === undefined ? {} : { names: [...names] }
  const created = await system.client.call('createCampaign', {
    body: { name: 'campaign', artifactId, targets, policy },
  })
  const { campaignId } = created
  await waitForState(system, campaignId, ['ready'])
  return system.client.call('startCampaign', { params: { campaignId }, body: {} })
}

export async function getCampaign(system: Pick<System, 'client'>, campaignId: string): Promise<Campaign> {
  return system.client.call('getCampaign', { params: { campaignId } })
}

export async function waitForState(
  system: System,
  campaignId: string,
  states: readonly Campaign['state'][],
  deadlineMs = 40_000,
): Promise<Campaign> {
  return waitForCampaign(system, campaignId, ({ state }) => states.includes(state), deadlineMs)
}

export async function waitForCampaign(
  system: System,
  campaignId: string,
  isSo: (campaign: Campaign) => boolean,
  deadlineMs = 40_000,
): Promise<Campaign> {
  let campaign: Campaign | undefined
  const shown = () =>
    campaign && `${campaign.state} ${JSON.stringify(campaign.counters)} ${JSON.stringify(campaign.outcomes)}`
  await waitUntil(
    async () => {
      campaign = await getCampaign(system, campaignId)
      return isSo(campaign)
    },
    { deadlineMs, everyMs: 200, describe: () => `the campaign is still ${shown()}` },
  )
  return campaign!
}

export async function upgradesOf(system: Pick<System, 'client'>, campaignId: string): Promise<Upgrade[]> {
  const upgrades: Upgrade[] = []
  let cursor: string | undefined
  do {
    const query = { limit: 500, ...(cursor && { cursor }) }
    const page = await system.client.call('listUpgrades', { params: { campaignId }, query })
    upgrades.push(...page.items)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return upgrades
}
