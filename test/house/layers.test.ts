import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { type House, readHouse } from './read-house.ts'

/** Lower layers know nothing of higher ones; services know nothing of each other. */
const LAYERS: Record<string, number> = {
  ...layer(-2, ['versions']),
  // What messages carry as they stand.
  ...layer(-1, ['model-profiles', 'targets']),
  ...layer(0, ['rollout', 'cwmp', 'firmware', 'http-auth', 'audit-chain', 'device-simulator', 'contracts']),
  ...layer(1, ['runtime', 'campaign-report']),
  ...layer(2, ['sql', 'hot-store', 'image-store', 'client']),
  ...layer(3, ['bus', 'cli']),
  ...layer(4, [
    'cwmp-gateway',
    'device-registry',
    'artifact-resolver',
    'firmware-verifier',
    'file-server',
    'campaign-scheduler',
    'device-tasks',
    'device-waker',
    'operator-api',
  ]),
  ...layer(5, ['standalone']),
  ...layer(6, ['demo', 'test']),
}
const PURE = [
  'rollout',
  'cwmp',
  'firmware',
  'http-auth',
  'model-profiles',
  'versions',
  'targets',
  'audit-chain',
  'campaign-report',
]
/** The one package that tests may lean on from anywhere. */
const FOR_TESTS = 'testbed'
/** The root package lists these for every test. */
const FOR_ALL_TESTS = ['vitest', 'fast-check', '@sluice/testbed']

const house = readHouse(join(import.meta.dirname, '../..'))

test('every package has its layer', () => {
  const known = [...Object.keys(LAYERS), FOR_TESTS]
  expect(house.packages.map((one) => one.name).filter((name) => !known.includes(name))).toEqual([])
})

test('a package depends on lower layers alone', () => {
  const upwards = house.packages
    .filter((one) => one.name !== FOR_TESTS)
    .flatMap((one) =>
      one.dependencies
        .filter((name) => name !== FOR_TESTS || !['demo', 'test'].includes(one.name))
        .filter((name) => !(levelOf(name) < levelOf(one.name)))
        .map((name) => `${one.name} -> ${name}`),
    )
  expect(upwards).toEqual([])
})

test('a source file imports what its package.json lists, by its public entry', () => {
  const strange = house.files.flatMap((file) =>
    file.imports
      .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
      .filter((name) => !isListed(house, file.package, name, file.isTest))
      .map((name) => `${file.path} imports ${name}`),
  )
  expect(strange).toEqual([])
})

test('what a package.json lists is imported', () => {
  const idle = house.packages.flatMap((one) => {
    const imported = new Set(
      house.files.filter((file) => file.package === one.name).flatMap((file) => file.imports.map(packageOf)),
    )
    return one.allDependencies
      .filter((name) => !name.startsWith('@types/') && !imported.has(name))
      .map((name) => `${one.name} lists ${name}`)
  })
  expect(idle).toEqual([])
})

test('relative imports stay inside their package', () => {
  const leaving = house.files.flatMap((file) =>
    file.imports
      .filter((name) => name.startsWith('.'))
      .filter((name) => !join(dirname(file.path), name).startsWith(file.packageFolder))
      .map((name) => `${file.path} imports ${name}`),
  )
  expect(leaving).toEqual([])
})

test('a pure package touches no file, socket, process or clock', () => {
  const impure = house.files
    .filter((file) => PURE.includes(file.package) && !file.isTest)
    .flatMap((file) =>
      file.imports
        .filter(
          (name) =>
            name.startsWith('node:') &&
            !['node:crypto', 'node:buffer', 'node:assert', 'node:util', 'node:zlib'].includes(name),
        )
        .map((name) => `${file.path} imports ${name}`),
    )
  expect(impure).toEqual([])
})

test('a pure package takes nothing of zlib but checksums: no image is decompressed', () => {
  const decompressing = house.files
    .filter((file) => PURE.includes(file.package) && !file.isTest && file.imports.includes('node:zlib'))
    .filter((file) => !readFileSync(join(house.root, file.path), 'utf8').includes("import { crc32 } from 'node:zlib'"))
    .map((file) => file.path)
  expect(decompressing).toEqual([])
})

test('time and randomness come from runtime alone', () => {
  const allowed = ['runtime', 'testbed', 'device-simulator', 'demo', 'test', 'cli']
  const forbidden =
    /\bDate\.now\(|\bnew Date\(\)|(?<!\.)\bsetTimeout\(|(?<!\.)\bsetInterval\(|\bMath\.random\(|\brandomUUID\(|Temporal\.Now/
  const found = house.files
    .filter((file) => !allowed.includes(file.package) && !file.isTest)
    .filter((file) => forbidden.test(withoutComments(readFileSync(join(house.root, file.path), 'utf8'))))
    .map((file) => file.path)
  expect(found).toEqual([])
})

test('no service starts a child process', () => {
  const found = house.files
    .filter((file) => file.path.startsWith('services/') && !file.isTest && file.imports.includes('node:child_process'))
    .map((file) => file.path)
  expect(found).toEqual([])
})

test('no service signs a release', () => {
  const found = house.files
    .filter((file) => file.path.startsWith('services/') && !file.isTest)
    .filter((file) => /\bsignRelease\b/.test(readFileSync(join(house.root, file.path), 'utf8')))
    .map((file) => file.path)
  expect(found).toEqual([])
})

test('only main.ts reads the environment', () => {
  const found = house.files
    .filter((file) => file.path.startsWith('services/') && !file.isTest && !file.path.endsWith('/main.ts'))
    .filter((file) => /process\.env\b/.test(withoutComments(readFileSync(join(house.root, file.path), 'utf8'))))
    .map((file) => file.path)
  expect(found).toEqual([])
})

function layer(level: number, names: string[]): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, level]))
}

function levelOf(name: string): number {
  return LAYERS[name] ?? (name === FOR_TESTS ? 3 : Number.NaN)
}

function isListed(whole: House, packageName: string, specifier: string, isTest: boolean): boolean {
  const owner = whole.packages.find((one) => one.name === packageName)
  const target = packageOf(specifier)
  if (target.startsWith('@sluice/') && specifier !== target && specifier !== '@sluice/testbed/global-setup')
    return false
  if ((isTest || packageName === FOR_TESTS) && FOR_ALL_TESTS.includes(target)) return true
  return (isTest ? owner?.allDependencies : owner?.runtimeDependencies)?.includes(target) ?? false
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/')
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/\/\/.*$/gm, '')
}
