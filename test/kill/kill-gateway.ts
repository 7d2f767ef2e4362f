import { setTimeout as sleep } from 'node:timers/promises'
import { waitUntil } from '@sluice/testbed'
import { upgradesOf } from '../end-to-end/run-campaign.ts'
import type { RunningFleet } from '../end-to-end/run-fleet.ts'
import type { DistributedSystem } from '../end-to-end/start-distributed.ts'
import type { StageBarrier } from './stage-barrier.ts'

/** So many sessions stand in the stage when the gateway dies. */
export const STANDING = 50

/** Kills the gateway under at least `STANDING` sessions and answers how many stood there. */
export type Kill = (stand: Stand) => Promise<number>

export interface Stand {
  readonly barrier: StageBarrier
  readonly system: DistributedSystem
  readonly fleet: RunningFleet
  readonly campaignId: string
}

/** As it is: the other gateway hears of the devices at once. */
export const killAtOnce: Kill = async ({ barrier, system }) => {
  await enough(() => barrier.held())
  const held = barrier.held()
  await killGateway(system)
  barrier.cut()
  return held
}

/** The claims are with the scheduler, which hears them only when the gateway that asked is dead. */
export const killWithClaimsOpen: Kill = async ({ barrier, system }) => {
  await enough(() => barrier.held())
  const scheduler = serviceOf(system, 'campaign-scheduler')
  scheduler.pause()
  barrier.letGo()
  await enough(() => barrier.openAtDoomed())
  // Long enough for the gateway to have asked, and well before it would stop waiting.
  await sleep(2_000)
  const open = barrier.openAtDoomed()
  await killGateway(system)
  barrier.cut()
  scheduler.resume()
  return open
}

/** Nobody is served a byte until every device that lost its gateway was asked what it holds, and no attempt is in doubt. */
export const killWithFilesAway: Kill = async ({ barrier, system, fleet, campaignId }) => {
  await enough(() => barrier.held())
  const files = serviceOf(system, 'file-server')
  files.pause()
  const held = barrier.held()
  await killGateway(system)
  barrier.cut()
  const asked = () => fleet.lines().filter((line) => line.what === 'called' && line.method === ASKED).length
  const describe = () => `${asked()} of ${held} devices were asked what they hold`
  const inDoubt = async () => (await upgradesOf(system, campaignId)).filter(({ state }) => state === 'in_doubt').length
  const settled = async () => asked() >= held && (await inDoubt()) === 0
  await waitUntil(settled, { deadlineMs: 20_000, everyMs: 100, describe }).finally(() => files.resume())
  return held
}

const ASKED = 'GetAllQueuedTransfers'

async function enough(standing: () => number): Promise<void> {
  const describe = () => `only ${standing()} sessions stand there`
  await waitUntil(() => standing() >= STANDING, { deadlineMs: 30_000, everyMs: 5, describe })
}

function killGateway(system: DistributedSystem): Promise<void> {
  return serviceOf(system, 'cwmp-gateway-1').kill('SIGKILL')
}

/** The first of that name, where there are several. */
function serviceOf(system: DistributedSystem, name: string) {
  const found = system.services.entries().find(([each]) => each.startsWith(name))
  if (found === undefined) throw new Error(`no ${name} runs`)
  return found[1]
}
