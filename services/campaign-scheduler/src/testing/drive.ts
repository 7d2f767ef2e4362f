import {
  type Campaign,
  type CampaignDraft,
  type InputOf,
  type ObservedFact,
  type OutputOf,
  type PolicyDraft,
  type Reply,
  attemptObserved,
  campaignControl,
  campaignCreate,
  campaignGet,
  shardOf,
  upgradeClaim,
  upgradeList,
} from '@sluice/contracts'
import { createIds } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { ACTOR, CLASS, NEW, OLD, OUI, type World, someDevices } from './world.ts'

export function dataOf<T>(reply: Reply<T>): T {
  if (!reply.ok) throw new Error(`${reply.error.code}: ${reply.error.detail}`)
  return reply.data
}

export const ONE_WAVE: PolicyDraft = {
  waves: [{ size: { percent: 100 }, advance: 'auto' }],
  gate: { minSettled: 1_000, soakMs: 0, limits: {} },
}

/** Two devices first; a gate that opens once both have settled and one of them is well. */
export const TWO_WAVES = {
  waves: [
    { size: { count: 2 }, advance: 'auto' as const },
    { size: { percent: 100 }, advance: 'auto' as const },
  ],
  gate: { minSettled: 2, soakMs: 0, successThreshold: 0.5, failureThreshold: 0.4, limits: {} },
}

export async function create(
  world: World,
  policy: PolicyDraft = ONE_WAVE,
  targets: CampaignDraft['targets'] = {},
): Promise<Campaign> {
  const draft = { name: 'test', artifactId: world.artifact.artifactId, targets, policy }
  return dataOf(await world.ask(campaignCreate, { draft, actor: ACTOR }))
}

/** As `create`, and its plan is there. */
export async function planned(world: World, policy: PolicyDraft = ONE_WAVE): Promise<Campaign> {
  const { campaignId } = await create(world, policy)
  return untilCampaign(world, campaignId, ({ state }) => state !== 'planning')
}

export async function control(
  world: World,
  campaignId: string,
  action: InputOf<typeof campaignControl>['action'],
): Promise<Campaign> {
  return dataOf(await world.ask(campaignControl, { campaignId, action, actor: ACTOR }))
}

/** The state it leads to, or why not. */
export async function tryTo(world: World, campaignId: string, action: 'start' | 'resume'): Promise<string> {
  const reply = await world.ask(campaignControl, { campaignId, action, actor: ACTOR })
  return reply.ok ? reply.data.state : reply.error.code
}

export async function campaign(world: World, campaignId: string): Promise<Campaign> {
  return dataOf(await world.ask(campaignGet, { campaignId }))
}

export async function upgrades(world: World, campaignId: string): Promise<OutputOf<typeof upgradeList>['items']> {
  return dataOf(await world.ask(upgradeList, { campaignId, limit: 1_000 })).items
}

type ListedUpgrade = OutputOf<typeof upgradeList>['items'][number]

export async function claimReply(
  world: World,
  { upgradeId, deviceKey }: Pick<ListedUpgrade, 'upgradeId' | 'deviceKey'>,
  softwareVersion = OLD,
) {
  const snapshot = { settings: {}, sentinels: {}, wanUp: null }
  const model = { oui: OUI, productClass: CLASS, hardwareVersion: 'A1' }
  return world.ask(upgradeClaim, { deviceKey, upgradeId, sessionId: 's', ...model, softwareVersion, snapshot })
}

export async function claim(
  world: World,
  upgrade: Pick<ListedUpgrade, 'upgradeId' | 'deviceKey'>,
  softwareVersion = OLD,
) {
  return dataOf(await claimReply(world, upgrade, softwareVersion))
}

/** Claims and insists on a go. */
export async function go(world: World, upgrade: Pick<ListedUpgrade, 'upgradeId' | 'deviceKey'>): Promise<string> {
  const answer = await claim(world, upgrade)
  if (answer.kind !== 'go') throw new Error(`no go but ${JSON.stringify(answer)}`)
  return answer.attemptId
}

const ids = createIds()

export interface Seen {
  readonly id?: string
  readonly deviceKey: string | null
  readonly at?: number
  readonly fact: ObservedFact
}

/** Publishes observations, all in one event, as a gateway does. */
export async function observe(world: World, ...seen: readonly Seen[]): Promise<void> {
  const items = seen.map(({ id, deviceKey, at, fact }) => ({
    id: id ?? ids.observation(),
    deviceKey,
    at: new Date(at ?? world.clock.now()).toISOString(),
    fact,
  }))
  await world.bus.publish(attemptObserved, [
    { id: ids.event(), key: shardOf(items[0]!.deviceKey ?? ''), data: { items } },
  ])
}

export const informed = (softwareVersion: string, ...codes: string[]): ObservedFact => ({
  kind: 'informed',
  softwareVersion,
  events: codes.map((code) => ({ code, commandKey: '' })),
})

export const completed = (commandKey: string, faultCode = 0): ObservedFact => ({
  kind: 'transfer_completed',
  commandKey,
  faultCode,
  faultString: faultCode === 0 ? '' : 'failed',
})

/** Waits until the upgrade stands in a state. */
export async function until(
  world: World,
  campaignId: string,
  deviceKey: string,
  state: string,
): Promise<ListedUpgrade> {
  let last: ListedUpgrade | undefined
  await waitUntil(
    async () => {
      last = (await upgrades(world, campaignId)).find((one) => one.deviceKey === deviceKey)
      return last?.state === state
    },
    { describe: () => `${deviceKey} is ${last?.state} and not ${state}` },
  )
  return last!
}

/** From the answer to Download to a proven success, the time in between shifted. */
export async function succeed(world: World, campaignId: string, deviceKey: string, attemptId: string): Promise<void> {
  await observe(
    world,
    { deviceKey, fact: { kind: 'download_answered', attemptId, status: 1 } },
    { deviceKey: null, fact: { kind: 'first_byte_served', attemptId, bytes: 1 } },
    { deviceKey: null, fact: { kind: 'last_byte_served', attemptId, bytes: 1_000_000 } },
    { deviceKey, fact: completed(attemptId) },
    { deviceKey, fact: informed(NEW, '1 BOOT', 'M Download') },
  )
  await until(world, campaignId, deviceKey, 'verifying')
  world.clock.shift(20 * 60_000)
  await observe(world, { deviceKey, fact: informed(NEW, '3 SCHEDULED') })
  await until(world, campaignId, deviceKey, 'verified')
}

/** Waits until a campaign looks like this. */
export async function untilCampaign(
  world: World,
  campaignId: string,
  looks: (campaign: Campaign) => boolean,
): Promise<Campaign> {
  let last: Campaign | undefined
  await waitUntil(async () => looks((last = await campaign(world, campaignId))), {
    describe: () => `the campaign is ${last?.state} (${last?.stateReason}) with ${JSON.stringify(last?.counters)}`,
  })
  return last!
}

/** A started campaign and its upgrades. */
export async function running(world: World, count: number, policy: PolicyDraft = ONE_WAVE) {
  world.devices = someDevices(count)
  const { campaignId } = await planned(world, policy)
  await control(world, campaignId, 'start')
  return { campaignId, all: await upgrades(world, campaignId) }
}
