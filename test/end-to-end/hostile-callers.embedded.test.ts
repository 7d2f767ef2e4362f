import { ClientError } from '@sluice/client'
import { OPERATIONS, type OperationName } from '@sluice/contracts'
import { defaultProfiles } from '@sluice/model-profiles'
import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bringInFirmware, trustVendor, vendorImage } from './bring-in-firmware.ts'
import { waitForState } from './run-campaign.ts'
import { startEmbeddedSystem } from './start-embedded.ts'
import type { System } from './system.ts'

const SERIALS = ['H1', 'H2', 'H3', 'H4']
const nameOf = (serial: string) => `02A1B2-SimGateway-${serial}`

let system: System
/** Two of everything that is listed: what is whose can be told apart. */
const there = { artifactId: '', campaigns: ['', ''], upgrades: ['', ''], tasks: ['', ''], fleetTaskId: '' }

beforeAll(async () => {
  system = await startEmbeddedSystem()
  await trustVendor(system)
  const items = SERIALS.map((serialNumber) => ({ oui: '02A1B2', productClass: 'SimGateway', serialNumber }))
  await system.client.call('importDevices', { body: { items } })
  there.artifactId = (await bringInFirmware(system, { version: '4.0.0' })).artifactId
  await bringInFirmware(system, { version: '4.1.0' })
  for (const at of [0, 1]) {
    const targets = { names: SERIALS.slice(at * 2, at * 2 + 2).map(nameOf) }
    const body = { name: `campaign ${at}`, artifactId: there.artifactId, targets }
    const { campaignId } = await system.client.call('createCampaign', { body })
    await waitForState(system, campaignId, ['ready'])
    there.campaigns[at] = campaignId
    const upgrades = await system.client.call('listUpgrades', { params: { campaignId } })
    there.upgrades[at] = upgrades.items[0]!.upgradeId
    for (const names of [['Device.A'], ['Device.B']]) {
      const task = {
        params: { device: nameOf(SERIALS[at]!) },
        body: { call: { method: 'GetParameterValues', names } },
      } as const
      there.tasks[at] = (await system.client.call('createTask', task)).taskId
    }
  }
  const fleet = { filter: { names: SERIALS.map(nameOf) }, action: { kind: 'cwmp_credentials' } } as const
  for (const _ of [1, 2]) there.fleetTaskId = (await system.client.call('createFleetTask', { body: fleet })).fleetTaskId
  // What goes on by itself is over before anything is compared.
  await waitUntil(async () => {
    const { items } = await system.client.call('listFleetTasks')
    return items.every(({ state }) => state === 'done')
  })
}, 180_000)
afterAll(() => system?.remove())

/** The status and the code of an answer; a success is 200. */
async function answerTo(name: OperationName, input: object): Promise<string> {
  const call = system.client.call as (name: string, input: object) => Promise<unknown>
  return call(name, input).then(
    () => '200',
    (error: unknown) =>
      error instanceof ClientError ? `${error.problem?.status} ${error.problem?.code}` : String(error),
  )
}

/** What each operation that takes a body would take. */
function bodies(): Partial<Record<OperationName, { readonly params?: object; readonly body: object }>> {
  const campaign = { params: { campaignId: there.campaigns[0] }, body: { reason: 'x' } }
  const draft = {
    name: 'c',
    path: [{ artifactId: there.artifactId, from: { below: '9' } }],
    targets: { models: [{ oui: '02A1B2', productClass: 'SimGateway' }] },
    dynamic: { endsAt: '2099-01-01T00:00:00Z' },
    policy: { waves: [{ size: { count: 1 }, advance: 'auto' }], gate: { limits: { hard: 1 } }, caps: { inFlight: 1 } },
  }
  const { signature } = vendorImage({ version: '4.2.0' })
  const profile = { ...defaultProfiles[0]!, name: 'p' }
  return {
    createArtifact: {
      body: {
        name: 'a',
        version: '4.2.0',
        fits: [{ oui: '02A1B2', productClass: 'SimGateway' }],
        signatures: [{ algorithm: 'ed25519', value: signature }],
      },
    },
    revokeArtifact: { params: { artifactId: there.artifactId }, body: { reason: 'x' } },
    addTrustKey: { body: { name: 'k', publicKeyPem: 'x' } },
    approveTrustKey: { params: { keyId: 'k' }, body: { validity: { validFrom: null, validUntil: null } } },
    revokeTrustKey: { params: { keyId: 'k' }, body: { reason: 'x', publicKeyPem: 'x' } },
    limitTrustKey: { params: { keyId: 'k' }, body: { validFrom: null, validUntil: null } },
    putTrustThreshold: { body: { oui: '02A1B2', productClass: null, requiredKeys: 1 } },
    approveTrustThreshold: { body: { oui: '02A1B2', productClass: null, requiredKeys: 1 } },
    addRelease: { body: { envelope: { payloadType: 'x', payload: 'x', signatures: [{ keyid: 'k', sig: 's' }] } } },
    revokeRelease: { params: { releaseId: 'r' }, body: { reason: 'x' } },
    createCampaign: { body: draft },
    dryRunCampaign: { body: draft },
    rollBackCampaign: campaign,
    approveCampaign: campaign,
    startCampaign: campaign,
    pauseCampaign: campaign,
    resumeCampaign: campaign,
    closeCampaign: campaign,
    abortCampaign: campaign,
    setCampaignCaps: { ...campaign, body: { caps: { inFlight: 2, perSite: { inFlight: 1 } }, reason: 'x' } },
    advanceCampaign: campaign,
    importDevices: { body: { items: [{ oui: '02A1B2', productClass: 'SimGateway', serialNumber: 'H1' }] } },
    updateDevice: { params: { device: nameOf('H1') }, body: { tags: ['x'] } },
    putBootstrapCredential: { body: { oui: '02A1B2', productClass: 'SimGateway', username: 'u', password: 'p' } },
    createTask: {
      params: { device: nameOf('H1') },
      body: { call: { method: 'GetParameterValues', names: ['Device.A'] } },
    },
    createFleetTask: {
      body: { filter: { names: [nameOf('H1')] }, action: { kind: 'periodic_inform', intervalSeconds: 60 } },
    },
    putProfile: { params: { name: 'p' }, body: profile },
    putRedirect: {
      params: { name: 'r' },
      body: { name: 'r', match: { oui: '02A1B2' }, url: 'https://acs.example', status: 302 },
    },
  }
}

/** The body with a field more in each of its objects, in one after the other. */
function* smuggled(value: unknown, field: object): Generator<unknown> {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) yield { ...value, ...field }
  for (const [name, part] of Object.entries(value)) {
    for (const changed of smuggled(part, field)) {
      yield Array.isArray(value) ? value.with(Number(name), changed) : { ...value, [name]: changed }
    }
  }
}

const OURS = [
  { actor: 'operator:root' },
  { owner: 'operator:root' },
  { state: 'running' },
  { createdBy: 'operator:root' },
  { approval: { givenBy: 'operator:root' } },
  { campaignId: 'cmp_00000000000000000000000000' },
]

async function standing(): Promise<unknown> {
  const { client } = system
  return [
    await client.call('listArtifacts'),
    await client.call('listCampaigns'),
    await client.call('listDevices'),
    await client.call('listFleetTasks'),
    await client.call('listDeviceTasks', { params: { device: nameOf('H1') } }),
    await client.call('listProfiles'),
    await client.call('listRedirects'),
    await client.call('listTrustKeys'),
    await client.call('listReleases'),
    await client.call('listTrustThresholds'),
    await client.call('listBootstrapCredentials'),
  ]
}

test('bad input 44: a field that is ours to say, anywhere in the body of any operation, is refused and sets nothing', async () => {
  const wanted = Object.entries(OPERATIONS).filter(([, { body }]) => body !== null && body !== 'bytes')
  const all = bodies()
  expect(Object.keys(all).toSorted()).toEqual(wanted.map(([name]) => name).toSorted())
  const before = await standing()
  const taken: string[] = []
  for (const [name, { params, body }] of Object.entries(all)) {
    for (const field of OURS) {
      for (const changed of smuggled(body, field)) {
        const answer = await answerTo(name as OperationName, { ...(params && { params }), body: changed })
        if (answer !== '400 invalid_request') taken.push(`${name} ${JSON.stringify(changed)}: ${answer}`)
      }
    }
  }
  expect(taken).toEqual([])
  expect(await standing()).toEqual(before)
  // They were refused for that field alone: without it they are taken.
  expect(await answerTo('dryRunCampaign', all.dryRunCampaign!)).toBe('200')
  expect(await answerTo('updateDevice', all.updateDevice!)).toBe('200')
  expect(await answerTo('putProfile', all.putProfile!)).toBe('200')
}, 180_000)

/** No list gives out any of these. */
const NONE_OF_OURS = [
  '',
  ' ',
  'x',
  '\0',
  'null',
  'cmp_',
  `' or '1' = '1`,
  '{"a":1}',
  '../../etc/passwd',
  '-1',
  '1e9',
  '９',
]

const paramsOf = (name: OperationName): object => {
  const { properties } = OPERATIONS[name].params as { readonly properties: object }
  if ('campaignId' in properties) return { campaignId: there.campaigns[0] }
  if ('device' in properties) return { device: nameOf('H1') }
  return 'fleetTaskId' in properties ? { fleetTaskId: there.fleetTaskId } : {}
}

test('bad input 45: a cursor that a list did not give out is refused, by every list', async () => {
  const lists = Object.entries(OPERATIONS).flatMap(([name, { query }]) =>
    'cursor' in query.properties ? [name as OperationName] : [],
  )
  expect(lists.length).toBeGreaterThanOrEqual(10)
  const taken: string[] = []
  for (const name of lists) {
    const ask = (query: object) => answerTo(name, { params: paramsOf(name), query })
    expect(await ask({ limit: 1 }), name).toBe('200')
    for (const cursor of [...NONE_OF_OURS, 'x'.repeat(201)]) {
      const answer = await ask({ limit: 1, cursor })
      if (answer !== '400 invalid_request') taken.push(`${name} ${JSON.stringify(cursor)}: ${answer}`)
    }
  }
  expect(taken).toEqual([])
}, 180_000)

test('bad input 45: a cursor of another list moves the place in this one, and shows nothing of the other', async () => {
  const { client } = system
  const [first, second] = there.campaigns as [string, string]
  const own = (await client.call('listUpgrades', { params: { campaignId: second } })).items
  for (const cursor of [there.upgrades[0]!, `upg_${'0'.repeat(26)}`]) {
    const page = await client.call('listUpgrades', { params: { campaignId: second }, query: { cursor } })
    expect(page.items.filter(({ campaignId }) => campaignId === first)).toEqual([])
    expect(own).toEqual(expect.arrayContaining(page.items))
  }
  const device = nameOf('H1')
  const { deviceKey } = await client.call('getDevice', { params: { device } })
  for (const cursor of [there.tasks[1]!, `tsk_${'Z'.repeat(26)}`]) {
    const page = await client.call('listDeviceTasks', { params: { device }, query: { cursor } })
    expect(page.items.length).toBeGreaterThan(0)
    expect(page.items.every((task) => task.deviceKey === deviceKey)).toBe(true)
  }
  const messages = await client.call('getDeviceMessages', {
    params: { device },
    query: { cursor: '999999999999999.1.x' },
  })
  expect(messages.items).toEqual([])
}, 180_000)
