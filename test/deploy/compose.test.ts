import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { allRights } from '@sluice/bus'
import { ensureServers } from '@sluice/testbed'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '../..')

interface Service {
  readonly image: string
  readonly command?: readonly string[]
  readonly environment?: Record<string, string>
  readonly secrets?: readonly string[]
  readonly depends_on?: Record<string, unknown> | readonly string[]
  readonly volumes?: readonly string[]
}
interface Compose {
  readonly services: Record<string, Service>
  readonly secrets: Record<string, { file: string }>
  readonly volumes: Record<string, unknown>
}

const compose = parse(readFileSync(join(root, 'deploy/compose.yaml'), 'utf8'), { merge: true }) as Compose
const services = Object.entries(compose.services)
const ours = services.flatMap(([name, service]) => {
  const entry = service.command?.find((part) => part.endsWith('.ts'))
  return entry === undefined ? [] : [{ name, entry, service }]
})

test('every service of the house runs, and two gateways', () => {
  const entries = ours.map(({ entry }) => entry)
  const expected = readdirSync(join(root, 'services')).filter((name) => name !== 'standalone')
  for (const name of expected) expect(entries).toContain(`services/${name}/src/main.ts`)
  expect(entries.filter((entry) => entry.includes('cwmp-gateway'))).toHaveLength(2)
})

test.each(ours.map((one) => [one.name, one] as const))(
  '%s: its settings are ones it knows, and none is missing',
  (_name, { entry, service }) => {
    expect(existsSync(join(root, entry))).toBe(true)
    const help = execFileSync(process.execPath, [entry, '--help'], { cwd: root, encoding: 'utf8' })
    const known = [...help.matchAll(/^\| `(SLUICE_\w+)`(?: or `(SLUICE_\w+)`)? \|(?:\\\||[^|])*\| ([^|]*) \|/gm)]
    const given = Object.keys(service.environment ?? {}).filter((key) => key.startsWith('SLUICE_'))
    const names = known.flatMap(([, name, file]) => [name!, ...(file === undefined ? [] : [file])])
    expect(given.filter((key) => !names.includes(key))).toEqual([])

    const required = known.filter(([, , , standsFor]) => standsFor!.includes('required'))
    const missing = required.filter(([, name, file]) => !given.includes(name!) && !given.includes(file ?? name!))
    expect(missing.map(([, name]) => name)).toEqual([])
  },
)

const folder = mkdtempSync(join(tmpdir(), 'sluice-deploy-'))
const makeSecrets = () => spawnSync('sh', [join(folder, 'make-secrets.sh')], { encoding: 'utf8' })
const secret = (name: string) => readFileSync(join(folder, 'secrets', name), 'utf8').trim()
beforeAll(() => {
  cpSync(join(root, 'deploy'), folder, { recursive: true })
  expect(makeSecrets()).toMatchObject({ status: 0, stderr: '' })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a secret is mounted where it is read, and made by the script', () => {
  for (const [name, { file }] of Object.entries(compose.secrets)) {
    expect(readFileSync(join(folder, file), 'utf8').trim(), name).not.toBe('')
  }
  for (const [name, service] of services) {
    const read = Object.values(service.environment ?? {}).flatMap(
      (value) => /^\/run\/secrets\/(\w+)$/.exec(String(value))?.[1] ?? [],
    )
    expect([...(service.secrets ?? [])].toSorted(), name).toEqual(read.toSorted())
  }
})

test('what is made once stays, and what was removed is made anew', () => {
  const before = readdirSync(join(folder, 'secrets')).map((name) => [name, secret(name)])
  makeSecrets()
  expect(readdirSync(join(folder, 'secrets')).map((name) => [name, secret(name)])).toEqual(before)
  const former = secret('nats_url_file_server')
  rmSync(join(folder, 'secrets/nats_url_file_server'))
  makeSecrets()
  const anew = secret('nats_url_file_server')
  expect(anew).not.toBe(former)
  expect(secret('nats_passwords')).toContain(`PASSWORD_FILE_SERVER: "${new URL(anew).password}"`)
})

test.each(ours.map((one) => [one.name, one] as const))(
  '%s signs in to NATS as itself, by a URL that no other has',
  (_name, { entry, service }) => {
    const user = entry === 'packages/bus/src/main.ts' ? 'topology' : entry.split('/')[1]!
    const file = service.environment?.['SLUICE_NATS_URL_FILE'] ?? ''
    expect(service.environment).not.toHaveProperty('SLUICE_NATS_URL')
    const { username, password, host } = new URL(secret(basename(file)))
    expect([username, host]).toEqual([user, 'nats:4222'])
    expect(password).toMatch(/^[0-9a-f]{64}$/)
    expect(secret('nats_passwords').split(password)).toHaveLength(2)
  },
)

test('nats-server takes the configuration as it is mounted, with a password for every user', () => {
  const mounted = join(folder, 'mounted')
  for (const volume of compose.services['nats']!.volumes!) {
    const [source, target] = volume.split(':') as [string, string]
    if (!source.startsWith('.')) continue
    mkdirSync(mounted, { recursive: true })
    expect(target.startsWith('/etc/nats/')).toBe(true)
    cpSync(join(folder, source), join(mounted, basename(target)))
  }
  const check = () => spawnSync(ensureServers().nats, ['-t', '-c', join(mounted, 'nats.conf')], { encoding: 'utf8' })
  expect(check()).toMatchObject({ status: 0 })
  const named = [...secret('nats_passwords').matchAll(/^PASSWORD_(\w+):/gm)].map(([, name]) => name!)
  expect(named.toSorted()).toEqual(
    allRights()
      .map(({ user }) => user.replaceAll('-', '_').toUpperCase())
      .toSorted(),
  )
  // What is missing lets nobody in, instead of everybody.
  for (const file of ['passwords.conf', 'users.conf']) {
    const text = readFileSync(join(mounted, file))
    writeFileSync(join(mounted, file), '')
    expect(check().status, file).not.toBe(0)
    writeFileSync(join(mounted, file), text)
  }
  expect(check()).toMatchObject({ status: 0 })
})

test('NATS lets nobody in without a password, and is asked for its state from inside alone', () => {
  const conf = readFileSync(join(root, 'deploy/nats/nats.conf'), 'utf8')
  expect(conf).toMatch(/^include users\.conf\nauthorization: \{ users: \$SLUICE_USERS \}$/m)
  expect(conf).not.toMatch(/no_auth_user|^http_port/m)
  expect(compose.services['nats']).not.toHaveProperty('ports')
})

test('whatever a service waits for, and every volume, is there', () => {
  for (const [name, service] of services) {
    const awaited = Array.isArray(service.depends_on)
      ? (service.depends_on as string[])
      : Object.keys(service.depends_on ?? {})
    expect(
      awaited.filter((other) => !(other in compose.services)),
      name,
    ).toEqual([])
    const named = (service.volumes ?? [])
      .map((volume) => volume.split(':')[0]!)
      .filter((source) => !source.startsWith('.'))
    expect(
      named.filter((source) => !(source in compose.volumes)),
      name,
    ).toEqual([])
  }
})
