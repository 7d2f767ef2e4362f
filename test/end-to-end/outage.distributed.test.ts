import { setTimeout as sleep } from 'node:timers/promises'
import { createFleet } from '@sluice/device-simulator'
import { type TestServer, waitUntil } from '@sluice/testbed'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bringInFirmware, trustVendor } from './bring-in-firmware.ts'
import { judgeHistory } from './judge-history.ts'
import { quickPolicy, startCampaign, waitForCampaign, waitForState } from './run-campaign.ts'
import { type FleetOptions, type RunningFleet, runFleet } from './run-fleet.ts'
import { type DistributedSystem, startDistributedSystem } from './start-distributed.ts'

const AWAY_MS = 3_000
/** Three times what a client of NATS waits by itself, and longer than any timer of the campaign that runs. */
const LONG_MS = 60_000
const DEVICES = 14
const fleets: RunningFleet[] = []
let system: DistributedSystem
beforeAll(async () => {
  system = await startDistributedSystem({ gateways: 2 })
  await trustVendor(system)
}, 180_000)
afterAll(async () => {
  for (const fleet of fleets) await fleet.remove()
  await system?.remove()
})

/** A campaign in whose middle something happens; every device has to be verified in the end. */
async function interrupted(
  prefix: string,
  version: string,
  meanwhile: () => Promise<void>,
  devices: Partial<FleetOptions> = {},
): Promise<void> {
  const fleet = await runFleet(system, { serialPrefix: prefix, count: DEVICES, ...devices })
  fleets.push(fleet)
  const artifact = await bringInFirmware(system, { version })
  const policy = { ...quickPolicy, caps: { inFlight: 5, unproven: 20 } }
  const { campaignId } = await startCampaign(system, artifact.artifactId, policy, fleet.names)
  await waitForCampaign(system, campaignId, ({ counters }) => counters.unproven + counters.success > 0)
  await meanwhile()
  const campaign = await waitForState(system, campaignId, ['finished', 'paused', 'aborted'])
  expect(campaign).toMatchObject({ state: 'finished', outcomes: { verified: DEVICES } })
  await fleet.stop()
}

async function away(server: TestServer, look: () => Promise<void>, ms = AWAY_MS): Promise<void> {
  await server.kill()
  await look()
  await sleep(ms)
  await server.restart()
}

/** What `/livez` and `/readyz` say of every service, by its name. */
async function health(): Promise<Record<string, readonly number[]>> {
  const all = [...system.adminUrls].map(async ([name, url]) => {
    const ask = async (path: string) => (await fetch(url + path)).status
    return [name, [await ask('/livez'), await ask('/readyz')]] as const
  })
  return Object.fromEntries(await Promise.all(all))
}

const everyService = (is: readonly number[]) =>
  Object.fromEntries([...system.adminUrls.keys()].map((name) => [name, is]))

/** What a CPE gets, before anybody reads what it says. */
async function refused(): Promise<void> {
  const body = '<cwmp:TransferComplete/>'
  let seen = ''
  await waitUntil(
    async () => {
      const answer = await fetch(system.acsUrl, { method: 'POST', body })
      seen = `${answer.status} ${await answer.text()}`
      return answer.status === 503 && Number(answer.headers.get('retry-after')) > 0 && !/envelope/i.test(seen)
    },
    { describe: () => `a POST was not refused, but answered with ${seen}` },
  )
}

test('fault 46: NATS away for a minute: POSTs get 503 and Retry-After, every service lives and says that it is not ready, and then all go on as they were', async () => {
  const look = async () => {
    await refused()
    await waitUntil(async () => Object.values(await health()).every(([, ready]) => ready === 503))
    expect(await health()).toEqual(everyService([200, 503]))
  }
  // A CPE that was refused all the while would come again after a minute of this, and not be waited for.
  const devices = { timeScale: 0.001 }
  await interrupted('NAT', '2.0.1', () => away(system.nats, look, LONG_MS), devices)
  await waitUntil(async () => Object.values(await health()).every(([, ready]) => ready === 200))
  // Nobody starts them again: these are the processes that there were.
  expect(await health()).toEqual(everyService([200, 200]))
}, 240_000)

test('fault 52: Redis away: POSTs get 503 and Retry-After, and then everything goes on', async () => {
  await interrupted('RED', '2.0.2', () => away(system.redis, refused))
}, 180_000)

test('request 15: PostgreSQL away: who cannot be told gets 503, never 401, and then everything goes on', async () => {
  const newcomer = createFleet({ acsUrl: system.acsUrl, count: 1, seed: 7, serialPrefix: 'NEW', timeScale: 0.02 })
  const failures: string[] = []
  newcomer.onRecord((line) => line.what === 'session_failed' && failures.push(line.reason))
  await system.client.call('importDevices', { body: { items: newcomer.credentials() } })
  await interrupted('SQL', '2.0.3', () =>
    away(system.postgres, async () => {
      newcomer.start()
      await waitUntil(() => failures.length > 0, { describe: () => 'the newcomer was let in' })
      expect(new Set(failures)).toEqual(new Set(['http_503']))
    }),
  )
  await newcomer.stop()
}, 180_000)

test('fault 52: Redis loses its memory in mid-campaign: hints and watches are placed again', async () => {
  await interrupted('FLU', '2.0.4', async () => {
    const redis = new Redis(system.redis.url)
    await redis.flushall()
    redis.disconnect()
  })
}, 180_000)

test('journals, API and the devices’ own records agree: nothing was lost', async () => {
  expect(await judgeHistory(system, fleets)).toEqual([])
}, 180_000)
