import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, cpSync, readFileSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
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

test('a secret is mounted where it is read, and made by the script', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-deploy-'))
  cpSync(join(root, 'deploy'), folder, { recursive: true })
  const made = spawnSync('sh', [join(folder, 'make-secrets.sh')], { encoding: 'utf8' })
  expect(made.status).toBe(0)
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
