import type {
  Campaign,
  DataOf,
  HistoryEntry,
  InputOf,
  OutputOf,
  PolicyDraft,
  historyList,
  upgradeChanged,
} from '@sluice/contracts'
import { type OutsideConsumer, connectOutside, waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bringInFirmware, trustVendor } from './bring-in-firmware.ts'
import { judgeHistory } from './judge-history.ts'
import { quickPolicy } from './run-campaign.ts'
import { type RunningFleet, runFleet } from './run-fleet.ts'
import { type DistributedSystem, startDistributedSystem } from './start-distributed.ts'

// What docs/integration.md promises to an OSS: it has its own user of NATS and nothing else.

type UpgradeChange = DataOf<typeof upgradeChanged>['items'][number]

const DEVICES = 6
let system: DistributedSystem
let oss: OutsideConsumer
const fleets: RunningFleet[] = []
beforeAll(async () => {
  system = await startDistributedSystem({ gateways: 2 })
  await trustVendor(system)
  oss = await connectOutside(system.nats.urlOf('oss'))
}, 180_000)
afterAll(async () => {
  await oss?.close()
  for (const fleet of fleets) await fleet.remove()
  await system?.remove()
})

async function prepare(serialPrefix: string, version: string, policy: PolicyDraft = quickPolicy) {
  const fleet = await runFleet(system, { serialPrefix, count: DEVICES })
  fleets.push(fleet)
  const { artifactId } = await bringInFirmware(system, { version })
  return { fleet, draft: { name: 'by the OSS', artifactId, targets: { names: [...fleet.names] }, policy } }
}

async function until(campaignId: string, state: Campaign['state']): Promise<Campaign> {
  let campaign: Campaign | undefined
  await waitUntil(
    async () => {
      campaign = await oss.ask<Campaign>('campaign.get', { campaignId })
      return campaign.state === state
    },
    { deadlineMs: 40_000, everyMs: 200, describe: () => `the campaign is ${campaign?.state}, not ${state}` },
  )
  return campaign!
}

const control = (campaignId: string, action: string) =>
  oss.ask<Campaign>('campaign.control', { campaignId, action, actor: 'operator:somebody-else' })

/** To the end of what is sealed. */
async function follow(campaignId: string, start = '0'): Promise<{ entries: HistoryEntry[]; next: string }> {
  const entries: HistoryEntry[] = []
  for (let after = start; ;) {
    const input: InputOf<typeof historyList> = { campaignId, after, limit: 20 }
    const { items, next = after, end } = await oss.ask<OutputOf<typeof historyList>>('history.list', input)
    entries.push(...items)
    after = next
    if (end === true) return { entries, next }
  }
}

test('an OSS plans a campaign once, steers it in its own name, and misses no upgrade: what it did not hear it reads', async () => {
  const { fleet, draft } = await prepare('OSS', '4.0.0')
  const [first, second] = await Promise.all([
    oss.ask<Campaign>('campaign.create', { requestId: 'order-4711', draft }),
    oss.ask<Campaign>('campaign.create', { requestId: 'order-4711', draft }),
  ])
  expect(second.campaignId).toBe(first.campaignId)
  const other = oss.ask('campaign.create', { requestId: 'order-4711', draft: { ...draft, name: 'another' } })
  await expect(other).rejects.toThrow(/conflict/)

  const { campaignId } = first
  const heard: UpgradeChange[] = []
  oss.follow(`sluice.v1.upgrade.changed.${campaignId}`, (data) =>
    heard.push(...(data as { items: UpgradeChange[] }).items),
  )
  const states: string[] = []
  oss.follow(`sluice.v1.campaign.changed.${campaignId}`, (data) => states.push((data as Campaign).state))
  expect(await until(campaignId, 'ready')).toMatchObject({ createdBy: 'oss:oss', size: DEVICES })
  await control(campaignId, 'start')
  await control(campaignId, 'pause')
  const early = await follow(campaignId)
  await control(campaignId, 'resume')
  expect((await until(campaignId, 'finished')).outcomes).toEqual({ verified: DEVICES })

  const settled = () => heard.filter(({ to }) => to === 'verified').map(({ deviceKey }) => deviceKey)
  await waitUntil(() => new Set(settled()).size === DEVICES && states.includes('finished'))
  // Entries are sealed after they were written.
  let read = early
  await waitUntil(async () => {
    const more = await follow(campaignId, read.next)
    read = { entries: [...read.entries, ...more.entries], next: more.next }
    return heard.every(({ seq }) => read.entries.some((entry) => entry.seq === seq))
  })
  const seqs = read.entries.map(({ seq }) => seq)
  expect(new Set(seqs).size).toBe(seqs.length)
  const actors = read.entries.filter(({ upgradeId }) => upgradeId === null).map(({ actor }) => actor)
  expect(actors).toContain('oss:oss')
  expect(actors).not.toContain('operator:somebody-else')

  const from = heard[Math.floor(heard.length / 2)]!.seq
  const later = await oss.ask<OutputOf<typeof historyList>>('history.list', {
    campaignId,
    afterSeq: from,
    limit: 1_000,
  })
  // What is written meanwhile comes behind.
  const known = seqs.filter((seq) => seq > from).toSorted((a, b) => a - b)
  expect(later.items.map(({ seq }) => seq).slice(0, known.length)).toEqual(known)
  await fleet.stop()
}, 180_000)

test('rule 4; request 8: a gate that an OSS answers opens the next wave when it says go, and not before', async () => {
  const policy = {
    ...quickPolicy,
    waves: [
      { size: { count: 2 }, advance: 'auto' },
      { size: { percent: 100 }, advance: 'auto' },
    ],
    gate: { ...quickPolicy.gate, external: { by: 'bus', everyMs: 1_000, maxFailures: 50 } },
  } as const satisfies PolicyDraft
  const { fleet, draft } = await prepare('GAT', '4.1.0', policy)
  let said: 'wait' | 'go' = 'wait'
  const asked: unknown[] = []
  oss.answer('sluice.v1.gate.ask', (question) => {
    asked.push(question)
    return { ok: true, data: { answer: said, reason: 'the help desk says so' } }
  })
  const { campaignId } = await oss.ask<Campaign>('campaign.create', { draft })
  await until(campaignId, 'ready')
  await control(campaignId, 'start')
  await waitUntil(() => asked.length >= 2, { deadlineMs: 30_000, describe: () => 'the gate was not asked twice' })
  expect(asked[0]).toMatchObject({ campaignId, wave: 1, nextWave: 2 })
  const waiting = await oss.ask<Campaign>('campaign.get', { campaignId })
  expect(waiting.waves.map(({ openedAt }) => openedAt === null)).toEqual([false, true])
  said = 'go'
  expect((await until(campaignId, 'finished')).outcomes).toEqual({ verified: DEVICES })
  await fleet.stop()
}, 180_000)

test('no password of a device is in anything that an OSS was told', async () => {
  for (const { names } of fleets) {
    for (const name of names) await oss.ask('device.get', { device: name })
  }
  await oss.ask('device.list', { filter: {}, limit: 100 })
  await oss.ask('fleet_task.list', { limit: 100 })
  await oss.ask('audit.list', { limit: 100 })
  const passwords = fleets.flatMap((fleet) => fleet.passwords)
  expect(passwords).toHaveLength(2 * DEVICES)
  expect(oss.heard().length).toBeGreaterThan(10_000)
  expect(passwords.filter((password) => oss.heard().includes(password))).toEqual([])
}, 180_000)

test('journals, API and the devices’ own records agree, and every guarantee was kept', async () => {
  expect(await judgeHistory(system, fleets)).toEqual([])
}, 180_000)
