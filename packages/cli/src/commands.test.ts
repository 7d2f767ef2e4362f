import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, ClientError } from '@sluice/client'
import type { DeviceTask, TrustKey } from '@sluice/contracts'
import { afterAll, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const TASK: DeviceTask = {
  taskId: 'tsk_01ARZ3NDEKTSV4RRFFQ69G5FAV',
  deviceKey: `dev_${'a'.repeat(26)}`,
  deviceName: '00D09E-RG-1',
  fleetTaskId: null,
  call: { method: 'GetParameterValues' },
  commandKey: null,
  state: 'waiting',
  result: null,
  late: null,
  upload: null,
  wake: 'asked',
  createdBy: 'operator:ann',
  createdAt: '2026-01-01T00:00:00.000Z',
  deadline: '2026-01-02T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  traceId: '0',
}

/** One command line, with an API that answers each operation as told. */
async function sluice(args: readonly string[], answers: Readonly<Record<string, unknown>> = {}) {
  const calls: [name: string, input: unknown][] = []
  const out: string[] = []
  const err: string[] = []
  const client = {
    call: async (name: string, input: unknown) => {
      calls.push([name, input])
      const answer = answers[name]
      if (answer instanceof Error) throw answer
      return typeof answer === 'function' ? (answer as (input: unknown) => unknown)(input) : answer
    },
  } as unknown as Client
  const code = await runCli(args, {
    connect: () => client,
    say: (line) => out.push(line),
    complain: (line) => err.push(line),
    screen: null,
    signal: new AbortController().signal,
  })
  return { code, calls, out: out.join('\n'), err: err.join('\n') }
}

function fileOf(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

test('a call is sent with its arguments, and what came of it is told', async () => {
  const parameters = [{ name: 'Device.X', value: 'a\u001b[31m', type: 'string' }]
  const done = { ...TASK, state: 'done', result: { kind: 'response', response: { parameters } } }
  const said = await sluice(
    ['call', '00D09E-RG-1', 'getparametervalues', '{"names":["Device.X"]}', '--now', '--wait', '5'],
    { createTask: done },
  )
  expect(said.code).toBe(0)
  expect(said.calls).toEqual([
    [
      'createTask',
      {
        params: { device: '00D09E-RG-1' },
        query: { waitMs: 5_000 },
        body: { call: { method: 'GetParameterValues', names: ['Device.X'] }, when: 'now' },
      },
    ],
  ])
  expect(said.out).toContain(String.raw`Device.X  a\x1b[31m  string`)
})

test('the exit code of a call that was waited for tells how it ended', async () => {
  const fault = { code: 9005, text: 'no such parameter' }
  const faulted = { ...TASK, state: 'faulted', result: { kind: 'fault', fault } }
  const said = await sluice(['call', 'd', 'Reboot', '--wait', '1'], { createTask: TASK, getTask: faulted })
  expect(said.code).toBe(1)
  expect(said.calls.map(([name]) => name)).toEqual(['createTask', 'getTask'])
  expect(said.out).toContain('fault 9005 no such parameter')
  expect((await sluice(['call', 'd', 'Reboot'], { createTask: TASK })).code).toBe(0)
})

test.each([
  [['call', 'd', 'Explode'], 'none of GetRPCMethods'],
  [['call', 'd', 'Reboot', '{oops'], 'not JSON'],
  [['call', 'd', 'Reboot', '[]'], 'no object'],
  [['call', 'd', 'GetParameterNames', '{"path":"Device."}'], 'nextLevel'],
  [['call', 'd', 'Download', '{"fileType":"1 Firmware Upgrade Image","url":"http://h/f"}'], 'goes by campaign'],
  [['call', 'd'], 'missing'],
  [['call', 'd', 'Reboot', '--wait', 'soon'], 'seconds'],
  [['tasks', 'list'], 'either'],
  [['fleet', 'create', 'session_retry', '{}'], 'which devices'],
  [['fleet', 'create', 'explode', '--all'], 'none of'],
  [['devices', 'update', 'd'], 'nothing to change'],
  [['devices', 'update', 'd', '--logs-bodies', 'maybe'], 'on or off'],
  [['messages'], 'missing'],
  [['campaigns', 'create', '--name', 'n', '--artifact', 'a', '--outcome', 'failed'], 'goes with --retry-of'],
  [['campaigns', 'create', '--name', 'n', '--retry-of', 'cmp_1', '--outcome', 'verified'], 'one of'],
  [['campaigns', 'create', '--name', 'n', '--retry-of', 'cmp_1', '--wave', '5'], 'drop all other rules'],
  [['campaigns', 'create', '--name', 'n'], '--artifact is needed'],
  [['campaigns', 'create', '--name', 'n', '--artifact', 'a', '--wave', '5:maybe'], ':manual'],
  [['campaigns', 'caps', 'cmp_1'], 'at least one cap'],
  [['campaigns', 'caps', 'cmp_1', '--in-flight', 'none'], 'whole number'],
  [['campaigns', 'caps', 'cmp_1', '--unproven', '0'], 'whole number'],
  [['campaigns', 'caps', 'cmp_1', '--per-site', '5/6/7'], '50/200'],
])('%j is not sent', async (args, reason) => {
  const said = await sluice(args)
  expect(said.code).toBe(2)
  expect(said.err).toContain(reason)
  expect(said.calls).toEqual([])
})

test('a fleet task names its devices and its action', async () => {
  const createFleetTask = {
    fleetTaskId: 'ftk_1',
    action: { kind: 'call' },
    state: 'planning',
    counts: {},
    createdBy: 'a',
    createdAt: 'b',
  }
  const args = [
    'fleet',
    'create',
    'call',
    '{"method":"Reboot"}',
    '--tag',
    'lab',
    '--oui',
    '00d09e',
    '--product-class',
    'RG',
  ]
  const { calls } = await sluice([...args, '--deadline', '60'], { createFleetTask })
  const filter = { tags: ['lab'], models: [{ oui: '00D09E', productClass: 'RG' }] }
  const body = { filter, action: { kind: 'call', call: { method: 'Reboot' } }, deadlineMs: 60_000 }
  expect(calls).toEqual([['createFleetTask', { body }]])
})

const createCampaign = {
  campaignId: 'cmp_2',
  state: 'ready',
  size: 3,
  waves: [],
  leftOut: {},
  approval: { neededBecause: [] },
}

test('a wave that is named waits for nobody, unless it is to be manual', async () => {
  const args = ['--wave', '10:manual', '--wave', '5%', '--wave', '25%:manual']
  const said = await sluice(['campaigns', 'create', '--name', 'n', '--artifact', 'a', ...args], { createCampaign })
  expect(said.calls[0]?.[1]).toMatchObject({
    body: {
      policy: {
        waves: [
          { size: { count: 10 }, advance: 'manual' },
          { size: { percent: 5 }, advance: 'auto' },
          { size: { percent: 25 }, advance: 'manual' },
          { size: { percent: 100 }, advance: 'auto' },
        ],
      },
    },
  })
})

test('a retry names the other campaign, and leaves to it what is not said', async () => {
  const args = ['campaigns', 'create', '--name', 'again', '--retry-of', 'cmp_1']
  const plain = await sluice(args, { createCampaign })
  expect(plain.calls).toEqual([
    ['createCampaign', { body: { name: 'again', targets: {}, retryOf: { campaignId: 'cmp_1' } } }],
  ])
  const told = await sluice([...args, '--outcome', 'timed_out', '--tag', 'lab', '--artifact', 'art_2'], {
    createCampaign,
  })
  const retryOf = { campaignId: 'cmp_1', endedAs: ['timed_out'] }
  const body = { name: 'again', artifactId: 'art_2', targets: { tags: ['lab'] }, retryOf }
  expect(told.calls).toEqual([['createCampaign', { body }]])
})

test('caps that are named change, none takes one off, and what they are now is told', async () => {
  const caps = { inFlight: 500, unproven: 2_000, perSite: { inFlight: 50, unproven: 200 } }
  const setCampaignCaps = { campaignId: 'cmp_1', state: 'running', policy: { caps } }
  const args = [
    'campaigns',
    'caps',
    'cmp_1',
    '--in-flight',
    '500',
    '--per-site',
    '50/200',
    '--starts-per-minute',
    'none',
  ]
  const said = await sluice([...args, '--reason', 'all is well'], { setCampaignCaps })
  const change = { inFlight: 500, startsPerMinute: null, perSite: { inFlight: 50, unproven: 200 } }
  expect(said.calls).toEqual([
    ['setCampaignCaps', { params: { campaignId: 'cmp_1' }, body: { caps: change, reason: 'all is well' } }],
  ])
  expect(said.out).toBe(
    'cmp_1 running, caps: 500 in flight, 2000 unproven, 50 in flight at a site, 200 unproven at a site',
  )
})

test('a password comes from a file, without the end of its line', async () => {
  const file = fileOf('password', 'se cret\n')
  const updateDevice = { name: 'd', tags: [], logsBodies: true }
  const { calls } = await sluice(
    ['devices', 'update', 'd', '--password-file', file, '--no-tags', '--logs-bodies', 'on'],
    { updateDevice },
  )
  expect(calls).toEqual([
    ['updateDevice', { params: { device: 'd' }, body: { tags: [], password: 'se cret', logsBodies: true } }],
  ])
})

test('a redirect rule and a profile are put under the names they have', async () => {
  const rule = { name: 'away', url: 'https://other.example/', status: 302, percent: 10 }
  const put = await sluice(['redirects', 'put', fileOf('rule.json', JSON.stringify(rule))], { putRedirect: rule })
  expect(put.calls).toEqual([['putRedirect', { params: { name: 'away' }, body: rule }]])
  const bad = await sluice(['redirects', 'put', fileOf('bad.json', JSON.stringify({ ...rule, status: 301 }))])
  expect([bad.code, bad.calls]).toEqual([2, []])
  const nameless = await sluice(['profiles', 'put', fileOf('nameless.json', '{}')])
  expect([nameless.code, nameless.calls]).toEqual([2, []])
})

test('an import sends a thousand at once and fewer where they are large; bad lines are told and fail the command', async () => {
  const device = (n: number, more = {}) =>
    JSON.stringify({ oui: '00D09E', productClass: 'RG', serialNumber: `${n}`, ...more })
  const lines = Array.from({ length: 2_100 }, (_, n) => device(n))
  lines[4] = '{"oui":"00D09E"}'
  lines[1_999] = 'oops'
  const importDevices = ({ body }: { body: { items: unknown[] } }) => ({ created: body.items.length, updated: 0 })
  const said = await sluice(['devices', 'import', fileOf('devices.jsonl', lines.join('\n'))], { importDevices })
  const sizes = said.calls.map(([, input]) => (input as { body: { items: unknown[] } }).body.items.length)
  expect(sizes).toEqual([1_000, 1_000, 98])
  expect(said.code).toBe(1)
  expect(said.out).toBe('2098 created, 0 updated, 2 not understood')
  expect(said.err).toMatch(/^line 5: .*\nline 2000: is not JSON$/)

  const large = Array.from({ length: 1_000 }, (_, n) =>
    device(n, { tags: Array.from({ length: 32 }, () => 't'.repeat(64)) }),
  )
  const bySize = await sluice(['devices', 'import', fileOf('large.jsonl', large.join('\n'))], { importDevices })
  expect(bySize.out).toBe('1000 created, 0 updated')
  for (const [, input] of bySize.calls) expect(JSON.stringify(input).length).toBeLessThan(500_000)
})

test('an import that the API refuses says how far it came', async () => {
  const line = (n: number) => `00D09E,RG,${n}`
  const csv = ['oui,productClass,serialNumber', ...Array.from({ length: 1_500 }, (_, n) => line(n))].join('\n')
  let count = 0
  const importDevices = () => {
    count += 1
    if (count > 1) throw new ClientError('unreachable', 'gone')
    return { created: 1_000, updated: 0 }
  }
  const said = await sluice(['devices', 'import', fileOf('devices.csv', csv)], { importDevices })
  expect(said.code).toBe(3)
  expect(said.err).toContain('stopped at lines 1002 to 1501; before: 1000 created, 0 updated')
})

const DEVICE = {
  deviceKey: `dev_${'a'.repeat(26)}`,
  name: '00D09E-RG-1',
  softwareVersion: '1.2',
  hardwareVersion: null,
  lastInformAt: null,
  tags: ['lab', 'fibre'],
  site: 'olt-17',
  region: null,
  accessNode: null,
  zone: 'Europe/Madrid',
  wakeableBy: ['http'],
  gatewayName: null,
  leniencies: [{ code: 'no_id', lastAt: '2026-01-01T00:00:00.000Z' }],
  profile: 'default-device',
}

test('a list of devices reads on over short and empty pages until there are no more', async () => {
  const pages = [
    { items: [], next: 'a' },
    { items: [DEVICE], next: 'b' },
    { items: [DEVICE], next: null },
  ]
  const said = await sluice(['devices', 'list', '--where', 'site = "olt-17"'], { listDevices: () => pages.shift() })
  expect(said.code).toBe(0)
  expect(said.calls.map(([, input]) => input)).toEqual([
    { query: { where: 'site = "olt-17"', limit: 1_000 } },
    { query: { where: 'site = "olt-17"', limit: 1_000, cursor: 'a' } },
    { query: { where: 'site = "olt-17"', limit: 999, cursor: 'b' } },
  ])
  expect(said.out.split('\n')).toHaveLength(3)
})

test('a list of campaigns reads on over short pages, and says where there are more', async () => {
  const one = { campaignId: 'cmp_1', name: 'n', version: '2', state: 'ready', size: 1, stateReason: null }
  const pages = [
    { items: Array.from({ length: 60 }, () => one), next: 'a' },
    { items: Array.from({ length: 40 }, () => one), next: 'b' },
  ]
  const said = await sluice(['campaigns', 'list'], { listCampaigns: () => pages.shift() })
  expect(said.calls.map(([, input]) => input)).toEqual([
    { query: { limit: 100 } },
    { query: { limit: 40, cursor: 'a' } },
  ])
  expect(said.out.split('\n')).toHaveLength(102)
  expect(said.out).toContain('... and more')
})

test('a device is shown with its place, profile, tags, ways to wake it and what was tolerated; or as JSON', async () => {
  const answers = { getDevice: DEVICE, getDeviceUpgrades: { items: [], next: null } }
  const { out } = await sluice(['devices', 'show', 'd'], answers)
  for (const part of [
    'site olt-17, zone Europe/Madrid',
    'default-device',
    'lab, fibre',
    'woken by http',
    'tolerated no_id',
  ])
    expect(out).toContain(part)
  const hostile = { ...DEVICE, site: 'a\u009b31m' }
  const json = (await sluice(['devices', 'show', 'd', '--json'], { getDevice: hostile })).out
  expect(json).not.toContain('\u009b')
  expect(JSON.parse(json)).toEqual(hostile)
})

test('targets are an expression, names, or a file of names', async () => {
  const file = fileOf('names.txt', '\uFEFF00D09E-RG-1\r\n\n# from the CRM\n 00D09E-RG-2 \n00D09E-RG-1\n')
  const args = ['--name', 'n', '--artifact', 'a', '--where', 'percent < 5', '--device', 'x', '--devices', file]
  const approval = { neededBecause: [] }
  const planned = { campaignId: 'cmp_1', state: 'ready', size: 3, waves: [], leftOut: {}, approval }
  const said = await sluice(['campaigns', 'create', ...args], { createCampaign: planned })
  expect(said.calls[0]).toMatchObject([
    'createCampaign',
    { body: { targets: { where: 'percent < 5', names: ['x', '00D09E-RG-1', '00D09E-RG-2'] } } },
  ])
})

test('a file that names no device, or too many of them, targets nobody', async () => {
  const many = Array.from({ length: 10_001 }, (_, n) => `n${n}`).join('\n')
  for (const [content, why] of [
    ['# none\n\n', 'names no device'],
    [many, 'no more than 10000'],
  ] as const) {
    const args = ['campaigns', 'create', '--name', 'n', '--artifact', 'a', '--devices', fileOf('some.txt', content)]
    const said = await sluice(args)
    expect(said).toMatchObject({ code: 2, calls: [] })
    expect(said.err).toContain(why)
  }
})

test('a device is moved, and an empty place is cleared', async () => {
  const said = await sluice(['devices', 'update', 'd', '--site', 'olt-2', '--zone', ''], { updateDevice: DEVICE })
  expect(said.calls).toEqual([['updateDevice', { params: { device: 'd' }, body: { site: 'olt-2', zone: null } }]])
})

const KEY: TrustKey = {
  keyId: '1a2b3c4d5e6f7081',
  name: 'Acme 2026',
  publicKeyPem: '-----BEGIN PUBLIC KEY-----',
  algorithms: ['ed25519'],
  purposes: ['image'],
  ouis: ['00D09E'],
  models: [{ oui: '001122', productClass: 'IGD' }],
  validFrom: null,
  validUntil: '2027-01-01T00:00:00.000Z',
  succeeds: null,
  state: 'in_force',
  addedAt: '2026-01-01T00:00:00.000Z',
  addedBy: 'operator:ann',
  approval: { needed: true, givenBy: 'operator:bob', givenAt: '2026-01-02T00:00:00.000Z' },
  proposed: { validFrom: null, validUntil: null, by: 'operator:ann', at: '2026-02-01T00:00:00.000Z' },
  revokedAt: null,
  revokedBy: null,
  revokedReason: null,
}

test('a key is added for vendors and models, for a time, and to succeed another one', async () => {
  const file = fileOf('key.pem', 'PEM')
  const said = '--name Acme --model 00d09e/IGD --purpose release --until 2027-01-01'.split(' ')
  const added = await sluice(['keys', 'add', file, ...said, '--succeeds', KEY.keyId], { addTrustKey: KEY })
  expect(added.calls).toEqual([
    [
      'addTrustKey',
      {
        body: {
          name: 'Acme',
          publicKeyPem: 'PEM',
          purposes: ['release'],
          ouis: [],
          models: [{ oui: '00D09E', productClass: 'IGD' }],
          succeeds: KEY.keyId,
          validFrom: null,
          validUntil: '2027-01-01T00:00:00.000Z',
        },
      },
    ],
  ])
  const waits = { addTrustKey: { ...KEY, state: 'awaiting_approval' } }
  expect((await sluice(['keys', 'add', file, '--name', 'Acme'], waits)).out).toMatch(/until another person approves it/)
  expect((await sluice(['keys', 'add', file, '--name', 'Acme', '--until', 'soon'])).code).toBe(2)
})

test('a key is shown with its scope, its time, and everybody who had a hand in it', async () => {
  const next = { ...KEY, keyId: 'f'.repeat(16), name: 'next', succeeds: KEY.keyId }
  const list = {
    listTrustKeys: ({ query: { cursor } }: { query: { cursor?: string } }) =>
      cursor === undefined ? { items: [next], next: 'older' } : { items: [KEY], next: null },
  }
  const { out } = await sluice(['keys', 'show', KEY.keyId], list)
  expect(out.split('\n')).toEqual([
    '1a2b3c4d5e6f7081  Acme 2026  in_force',
    '  signs         images, by ed25519',
    '  for           00D09E, 001122 IGD',
    '  valid         until 2027-01-01T00:00:00.000Z',
    '  asked for     for ever, by operator:ann, 2026-02-01T00:00:00.000Z: another person has to agree',
    '  to agree      sluice keys approve 1a2b3c4d5e6f7081 --from ever --until never',
    '  succeeded by  ffffffffffffffff (next)',
    '  added         by operator:ann, 2026-01-01T00:00:00.000Z',
    '  approved      by operator:bob, 2026-01-02T00:00:00.000Z',
    '',
    '-----BEGIN PUBLIC KEY-----',
  ])
  expect(await sluice(['keys', 'show', '0'.repeat(16)], list)).toMatchObject({ code: 1, err: 'there is no such key' })
})

test('a key is revoked by its id, or by its file where the store may not have it', async () => {
  const publicKeyPem = generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }).toString()
  const revoke = async (named: string) =>
    sluice(['keys', 'revoke', named, '--reason', 'stolen'], { revokeTrustKey: KEY })
  const byId = await revoke(KEY.keyId)
  expect(byId.calls).toEqual([['revokeTrustKey', { params: { keyId: KEY.keyId }, body: { reason: 'stolen' } }]])
  const byFile = await revoke(fileOf('stolen.pem', publicKeyPem))
  expect(byFile.calls).toEqual([
    [
      'revokeTrustKey',
      {
        params: { keyId: expect.stringMatching(/^[0-9a-f]{16}$/) as string },
        body: { reason: 'stolen', publicKeyPem },
      },
    ],
  ])
  expect((await revoke(fileOf('none.pem', 'PEM'))).code).toBe(2)
  expect((await sluice(['keys', 'revoke', '--reason', 'stolen'])).code).toBe(2)
})

test('when a key may sign is changed on the side that was named', async () => {
  const answers = { listTrustKeys: { items: [KEY], next: null }, limitTrustKey: { ...KEY, proposed: null } }
  const { calls } = await sluice(['keys', 'limit', KEY.keyId, '--from', '2026-06-01'], answers)
  expect(calls.at(-1)).toEqual([
    'limitTrustKey',
    {
      params: { keyId: KEY.keyId },
      body: { validFrom: '2026-06-01T00:00:00.000Z', validUntil: '2027-01-01T00:00:00.000Z' },
    },
  ])
  const ended = await sluice(['keys', 'limit', KEY.keyId, '--until', 'never'], answers)
  expect(ended.calls.at(-1)).toMatchObject(['limitTrustKey', { body: { validFrom: null, validUntil: null } }])
})

test('who agrees says to what: the key, a validity, or so many keys', async () => {
  const answers = {
    listTrustKeys: { items: [KEY], next: null },
    approveTrustKey: KEY,
    approveTrustThreshold: { requiredKeys: 1 },
  }
  const approve = async (...args: string[]) =>
    (await sluice(['keys', 'approve', KEY.keyId, ...args], answers)).calls.at(-1)
  const params = { keyId: KEY.keyId }
  expect(await approve()).toEqual(['approveTrustKey', { params, body: { validity: null } }])
  expect(await approve('--from', 'ever', '--until', '2027-02-01')).toEqual([
    'approveTrustKey',
    { params, body: { validity: { validFrom: null, validUntil: '2027-02-01T00:00:00.000Z' } } },
  ])
  const { calls } = await sluice(['thresholds', 'approve', '1', '--oui', '00d09e'], answers)
  expect(calls).toEqual([['approveTrustThreshold', { body: { oui: '00D09E', productClass: null, requiredKeys: 1 } }]])
  expect((await sluice(['thresholds', 'approve', '--oui', '00D09E'])).code).toBe(2)
  expect((await sluice(['keys', 'approve', '--until', 'never'])).code).toBe(2)
})

test('a threshold is set for a vendor or a model', async () => {
  const answers = { putTrustThreshold: { requiredKeys: 2, proposed: null } }
  const { calls, out } = await sluice(['thresholds', 'set', '2', '--oui', '00d09e'], answers)
  expect(calls).toEqual([['putTrustThreshold', { body: { oui: '00D09E', productClass: null, requiredKeys: 2 } }]])
  expect(out).toBe('2 keys')
  expect((await sluice(['thresholds', 'set', 'two', '--oui', '00D09E'])).code).toBe(2)
})
