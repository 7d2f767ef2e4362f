import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@sluice/client'
import type { Campaign, Upgrade } from '@sluice/contracts'
import { type Act, policyFor, slownessOf } from './acts.ts'
import { informMsOf } from './fleet.ts'
import { releaseImage, stateRelease } from './release-image.ts'
import type { View } from './view.ts'

const LOOK_MS = 250

export interface Played {
  readonly campaign: Campaign
  readonly upgrades: readonly Upgrade[]
}

/** Releases the image, starts the campaign, and shows it until nothing moves any more. */
export async function playAct(client: Client, act: Act, view: View, devices: number): Promise<Played> {
  view.say('')
  view.say(`${act.title}, ${act.version}`)
  const artifact = await releaseImage(client, act)
  const key = artifact.verdict?.checks.find((check) => check.keyId !== undefined)?.keyId
  view.say(`  image of ${artifact.size} bytes, signed by key ${key}, trusted`)
  const release = await stateRelease(client, artifact)
  view.say(
    `  release ${release.statement.counter} of ${release.statement.product}, signed offline by key ${release.keyIds[0]}`,
  )

  const { campaignId } = await client.call('createCampaign', {
    body: { name: act.title, artifactId: artifact.artifactId, targets: {}, policy: policyFor(act, devices) },
  })
  await planned(client, campaignId)
  await client.call('startCampaign', { params: { campaignId }, body: {} })
  const campaign = await watch(client, campaignId, view, 110_000 * slownessOf(devices) + 2 * informMsOf(devices))
  return { campaign, upgrades: await allUpgrades(client, campaignId) }
}

/** Until every router has called for the first time, so that the first campaign does not share the process with that. */
export async function untilAllHaveCalled(client: Client, devices: number): Promise<void> {
  const until = performance.now() + 60_000 + 2 * informMsOf(devices)
  const query = { where: 'lastInform never', limit: 1 }
  while ((await client.call('listDevices', { query })).items.length > 0) {
    if (performance.now() > until) throw new Error('some routers have never called')
    await sleep(LOOK_MS)
  }
}

/** A large fleet is planned beside the answer to who asked for it. */
async function planned(client: Client, campaignId: string): Promise<void> {
  while ((await client.call('getCampaign', { params: { campaignId } })).state === 'planning') await sleep(LOOK_MS)
}

async function watch(client: Client, campaignId: string, view: View, patienceMs: number): Promise<Campaign> {
  const until = performance.now() + patienceMs
  for (;;) {
    const campaign = await client.call('getCampaign', { params: { campaignId } })
    view.show(campaign)
    const { inFlight, unproven } = campaign.counters
    if (campaign.state === 'finished' || (campaign.state === 'paused' && inFlight + unproven === 0)) {
      view.rest(campaign)
      return campaign
    }
    if (performance.now() > until) throw new Error(`the campaign still moves after ${patienceMs / 1_000} s`)
    await sleep(LOOK_MS)
  }
}

export async function allUpgrades(client: Client, campaignId: string): Promise<Upgrade[]> {
  const upgrades: Upgrade[] = []
  let cursor: string | null = null
  do {
    const page: { items: Upgrade[]; next: string | null } = await client.call('listUpgrades', {
      params: { campaignId },
      query: { limit: 500, ...(cursor === null ? {} : { cursor }) },
    })
    upgrades.push(...page.items)
    cursor = page.next
  } while (cursor !== null)
  return upgrades
}
