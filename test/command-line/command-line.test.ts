import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createClient } from '@sluice/client'
import { runCli } from '@sluice/cli'
import { type Fleet, createFleet } from '@sluice/device-simulator'
import { createIds, createLog, systemClock } from '@sluice/runtime'
import { type Standalone, startStandalone } from '@sluice/standalone'
import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { judgeHistory } from '../end-to-end/judge-history.ts'
import { readEmbedded } from '../end-to-end/start-embedded.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'))
const vendorKey = join(folder, 'vendor-key.pem')
const image = join(folder, 'fw.bin')
const record = join(folder, 'record.jsonl')
const stateDirectory = join(folder, 'state')
const SECOND_TOKEN = 'what a second person says'.replaceAll(' ', '-')
let system: Standalone
let fleet: Fleet | undefined

beforeAll(async () => {
  system = await startStandalone(
    { clock: systemClock, ids: createIds(), log: createLog({ service: 'test', level: 'silent' }) },
    {
      stateDirectory,
      host: '127.0.0.1',
      publicHost: '127.0.0.1',
      cwmpPort: 0,
      http: {},
      filesPort: 0,
      apiHost: '127.0.0.1',
      apiPort: 0,
      apiTokens: `second=${SECOND_TOKEN}`,
      labNetworks: '',
      requireRelease: true,
      registry: {},
      stunPort: null,
      notificationsPort: null,
    },
  )
  const make = ['image', '--version', '2.0.0', '--size', '64k', '--key', vendorKey, '--out', image]
  await run(process.execPath, [join(root, 'packages/device-simulator/src/main.ts'), ...make])
}, 60_000)

afterAll(async () => {
  await fleet?.stop(500)
  await system.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** One command line against the running system. */
const sluice = (...args: string[]) => sluiceAs(system.operatorToken, ...args)

async function sluiceAs(token: string, ...args: string[]) {
  const out: string[] = []
  const err: string[] = []
  const code = await runCli(args, {
    connect: () => createClient({ url: system.apiUrl, token }),
    say: (line) => out.push(line),
    complain: (line) => err.push(line),
    screen: null,
    signal: AbortSignal.timeout(60_000),
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

const add = (...more: string[]) =>
  sluice(
    'artifacts',
    'add',
    image,
    '--signature',
    `${image}.sig`,
    '--oui',
    '02A1B2',
    '--product-class',
    'SimGateway',
    '--version',
    '2.0.0',
    ...more,
  )

const PURPOSES = ['--purpose', 'image', '--purpose', 'release']

test('a stranger gets from an image to devices verified on it, as the README says', async () => {
  const { createPublicKey } = await import('node:crypto')
  const { readFileSync } = await import('node:fs')
  fleet = createFleet({
    acsUrl: system.acsUrl,
    record,
    count: 6,
    seed: 3,
    periodicInformMs: 1_000,
    timeScale: 0.1,
    vendorPublicKey: createPublicKey(readFileSync(`${vendorKey}.pub`)),
    device: { rebootMs: 200, flashMs: 100 },
  })
  writeFileSync(
    join(folder, 'devices.jsonl'),
    fleet
      .credentials()
      .map((one) => JSON.stringify(one) + '\n')
      .join(''),
  )
  expect(await sluice('devices', 'import', join(folder, 'devices.jsonl'))).toMatchObject({
    code: 0,
    out: '6 created, 0 updated',
  })
  fleet.start()
  await waitUntil(async () => (await sluice('devices', 'list')).out.split('1.0.0').length === 7)

  const untrusted = await add()
  expect(untrusted.code).toBe(1)
  expect(untrusted.out).toContain('because key_unknown')
  const refusedId = /art_\w+/.exec(untrusted.out)![0]
  const refusal = await sluice('campaigns', 'create', '--name', 'no', '--artifact', refusedId)
  expect(refusal.code).toBe(1)
  expect(refusal.err).toContain('artifact_not_trusted')

  const key = await sluice('keys', 'add', `${vendorKey}.pub`, '--name', 'vendor', '--oui', '02a1b2', ...PURPOSES)
  expect(key).toMatchObject({ code: 0, out: expect.stringMatching(/^[0-9a-f]{16}$/) })
  const added = await add()
  expect(added.out).toContain(`${key.out}  vendor  vouches`)
  expect(added.code).toBe(0)
  const shown = await sluice('artifacts', 'show', /art_\w+/.exec(added.out)![0])
  for (const section of ['Fits', 'Settings', 'Signed by', 'Checks']) expect(shown.out.split('\n')).toContain(section)
  expect(shown.out).toMatch(/1 of 1 keys vouch for it; signed by the verifier, key [0-9a-f]{16}/)

  const policy = join(folder, 'policy.json')
  writeFileSync(
    policy,
    JSON.stringify({
      gate: { minSettled: 2, soakMs: 200 },
      timers: {
        answerMs: 5_000,
        firstReportMs: 30_000,
        sessionRetryMs: 20_000,
        flashMs: 20_000,
        soakMs: 500,
        graceMs: 500,
        sentinelMs: 10_000,
      },
    }),
  )
  const artifactId = /art_\w+/.exec(added.out)![0]
  const unreleased = await sluice('campaigns', 'create', '--name', 'no', '--artifact', artifactId)
  expect(unreleased).toMatchObject({ code: 1, err: expect.stringContaining('release_missing') as string })
  const release = join(folder, 'release.json')
  const stated = ['--vendor', 'Acme', '--product', 'acme/gateway', '--version', '2.0.0', '--counter', '1']
  const scope = ['--model', '02A1B2/SimGateway', '--expires', '2099-01-01T00:00:00Z', '--key', vendorKey]
  expect(await sluice('release', 'sign', '--image', image, ...stated, ...scope, '--out', release)).toMatchObject({
    code: 0,
  })
  const kept = await sluice('release', 'add', release)
  expect(kept).toMatchObject({ code: 0, out: expect.stringContaining('in_force') as string })
  const created = await sluice(
    'campaigns',
    'create',
    '--name',
    'spring',
    '--artifact',
    artifactId,
    '--wave',
    '2',
    '--wave',
    '100%',
    '--policy',
    policy,
    '--start',
  )
  expect(created.out).toContain('6 devices in 2 + 4')
  const campaignId = /cmp_\w+/.exec(created.out)![0]
  const watched = await sluice('campaigns', 'watch', campaignId)
  expect(watched.out).toContain('4 of 4 verified, 0 hurt, 0 moving')
  expect(watched.code).toBe(0)

  expect((await sluice('campaigns', 'show', campaignId)).out).toMatch(/verified +6/)
  expect((await sluice('upgrades', 'list', campaignId, '--state', 'verified')).out.split('\n')).toHaveLength(7)
  const device = '02A1B2-SimGateway-SIM000001'
  expect((await sluice('devices', 'show', device)).out).toContain('runs 2.0.0')
  expect((await sluice('devices', 'history', device)).out).toContain('upgrade.moved')
}, 90_000)

test('what needs a second person starts in one process as well, once somebody else has agreed', async () => {
  const policy = join(folder, 'downgrade.json')
  writeFileSync(policy, JSON.stringify({ allowDowngrade: true }))
  const artifactId = /art_\w+/.exec((await sluice('artifacts', 'list')).out)![0]
  const created = await sluice('campaigns', 'create', '--name', 'back', '--artifact', artifactId, '--policy', policy)
  const campaignId = /cmp_\w+/.exec(created.out)![0]
  expect(await sluice('campaigns', 'start', campaignId)).toMatchObject({ code: 1 })
  expect(await sluice('campaigns', 'approve', campaignId)).toMatchObject({ code: 1 })
  expect(await sluiceAs(SECOND_TOKEN, 'campaigns', 'approve', campaignId)).toMatchObject({ code: 0 })
  expect(await sluice('campaigns', 'start', campaignId)).toMatchObject({ code: 0 })
}, 30_000)

test('what was typed wrong is told in a line with the usage, and exits 2', async () => {
  const wrong: [string[], string][] = [
    [['campaigns', 'nope'], 'there is no command'],
    [['campaigns', 'show'], 'something is missing'],
    [['campaigns', 'list', 'extra'], 'too much'],
    [['campaigns', 'list', '--nope'], "Unknown option '--nope'"],
    [['campaigns', 'create', '--name', 'x'], '--artifact is needed'],
    [['campaigns', 'create', '--name', 'x', '--artifact', 'art_1', '--wave', 'many'], '--wave many'],
    [['artifacts', 'add'], 'either a file or --url'],
  ]
  for (const [args, message] of wrong) {
    const { code, err } = await sluice(...args)
    expect(err, args.join(' ')).toContain(message)
    expect(code, args.join(' ')).toBe(2)
  }
})

test('a broken line of an import is named by its number, and a missing file by its name', async () => {
  const broken = join(folder, 'broken.jsonl')
  writeFileSync(broken, '{"oui":"02A1B2","productClass":"X","serialNumber":"1"}\n{"oui":"nope"}\n')
  expect((await sluice('devices', 'import', broken)).err).toContain('line 2')
  const missing = await sluice('devices', 'import', join(folder, 'nowhere.jsonl'))
  expect(missing).toMatchObject({ code: 1, err: expect.stringContaining('nowhere.jsonl') })
})

test('help names every command and exits 0; nothing at all exits 2', async () => {
  expect(await sluice('--help')).toMatchObject({ code: 0, out: expect.stringContaining('campaigns watch') })
  expect((await sluice('artifacts', 'add', '--help')).out).toContain('--url')
  expect((await sluice()).code).toBe(2)
})

test('journals, API and the devices’ own records agree, and every guarantee was kept', async () => {
  const ended = {
    client: createClient({ url: system.apiUrl, token: system.operatorToken }),
    quiet: () => sleep(1_000),
    stop: () => system.stop(),
    readJournals: <T>(read: Parameters<typeof readEmbedded<T>>[1]) => readEmbedded(stateDirectory, read),
    capsOfAll: {},
  }
  const stop = async () => {
    await fleet?.stop(500)
    fleet = undefined
    return []
  }
  expect(await judgeHistory(ended, [{ record, stop }])).toEqual([])
}, 60_000)
