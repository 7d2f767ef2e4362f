import {
  type Artifact,
  type CampaignDraft,
  type InputOf,
  type Leg,
  type OutputOf,
  type PolicyDraft,
  campaignCreate,
  upgradeClaim,
} from '@sluice/contracts'
import { createIds } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { ONE_WAVE, completed, control, dataOf, informed, observe, upgrades } from './drive.ts'
import { ACTOR, CLASS, OLD, OUI, type World, someDevices } from './world.ts'

type Listed = Awaited<ReturnType<typeof upgrades>>[number]
export type ClaimAnswer = OutputOf<typeof upgradeClaim>
export type Go = Extract<ClaimAnswer, { kind: 'go' }>

/** One more artifact in the catalogue. */
export function addArtifact(world: World, version: string, more: Partial<Artifact> = {}): Artifact {
  const artifactId = createIds(world.clock).artifact()
  const artifact = { ...world.artifact, artifactId, version, softwareVersions: [version], ...more }
  world.others.push(artifact)
  return artifact
}

export async function createWay(
  world: World,
  path: readonly Leg[],
  policy: PolicyDraft = ONE_WAVE,
  more: Partial<CampaignDraft> = {},
): Promise<string> {
  const draft = { name: 'way', path: [...path], targets: {}, policy, ...more }
  return dataOf(await world.ask(campaignCreate, { draft, actor: ACTOR })).campaignId
}

/** Who is below the stone goes there first. */
export const overStone = (world: World, stone: Artifact, last = world.artifact): Leg[] => [
  { artifactId: stone.artifactId, from: { below: stone.version }, steppingStone: true },
  { artifactId: last.artifactId },
]

/** 1.0.0 -> 1.4.0, a stepping stone, -> 2.0.0: a started campaign of so many devices. */
export async function steppingRun(world: World, count: number, policy: PolicyDraft = ONE_WAVE) {
  const stone = addArtifact(world, STONE, { size: 77 })
  world.devices = someDevices(count)
  const campaignId = await createWay(world, overStone(world, stone), policy)
  await control(world, campaignId, 'start')
  return { campaignId, stone, all: await upgrades(world, campaignId) }
}

export const STONE = '1.4.0'

/** A claim as a gateway makes it, with what differs from the rest. */
export async function claimAs(
  world: World,
  { upgradeId, deviceKey }: Pick<Listed, 'upgradeId' | 'deviceKey'>,
  more: Partial<InputOf<typeof upgradeClaim>> = {},
): Promise<ClaimAnswer> {
  const snapshot = { settings: {}, sentinels: {}, wanUp: null }
  const device = { deviceKey, oui: OUI, productClass: CLASS, hardwareVersion: 'A1', softwareVersion: OLD }
  return dataOf(await world.ask(upgradeClaim, { upgradeId, sessionId: 's', ...device, snapshot, ...more }))
}

export async function goAs(
  world: World,
  upgrade: Pick<Listed, 'upgradeId' | 'deviceKey'>,
  more: Partial<InputOf<typeof upgradeClaim>> = {},
): Promise<Go> {
  const answer = await claimAs(world, upgrade, more)
  if (answer.kind !== 'go') throw new Error(`no go but ${JSON.stringify(answer)}`)
  return answer
}

/** Waits until one upgrade stands in a state. */
export async function untilUpgrade(
  world: World,
  campaignId: string,
  upgradeId: string,
  state: string,
): Promise<Listed> {
  let last: Listed | undefined
  await waitUntil(
    async () =>
      (last = (await upgrades(world, campaignId)).find((one) => one.upgradeId === upgradeId))?.state === state,
    { describe: () => `${upgradeId} is ${last?.state} and not ${state}` },
  )
  return last!
}

/** The device's upgrade of this leg, once there is one. */
export async function untilLeg(world: World, campaignId: string, deviceKey: string, leg: number): Promise<Listed> {
  let found: Listed | undefined
  await waitUntil(async () => {
    found = (await upgrades(world, campaignId)).find((one) => one.deviceKey === deviceKey && one.leg === leg)
    return found !== undefined
  })
  return found!
}

/** From a go to a proven success on a version, the time in between shifted. */
export async function succeedOn(world: World, upgrade: Listed, attemptId: string, version: string): Promise<void> {
  const { campaignId, upgradeId, deviceKey } = upgrade
  await observe(
    world,
    { deviceKey, fact: { kind: 'download_answered', attemptId, status: 1 } },
    { deviceKey: null, fact: { kind: 'last_byte_served', attemptId, bytes: 1 } },
    { deviceKey, fact: completed(attemptId) },
    { deviceKey, fact: informed(version, '1 BOOT', 'M Download') },
  )
  await untilUpgrade(world, campaignId, upgradeId, 'verifying')
  world.clock.shift(20 * 60_000)
  await observe(world, { deviceKey, fact: informed(version, '3 SCHEDULED') })
  await untilUpgrade(world, campaignId, upgradeId, 'verified')
}
