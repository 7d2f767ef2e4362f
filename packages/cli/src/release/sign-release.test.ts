import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ReleaseKey, judgeRelease, readPublicKey, readRelease } from '@sluice/firmware'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runCli } from '../run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-release-'))
const at = (name: string) => join(folder, name)
const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
const NOW = Date.parse('2026-11-30T00:00:00Z')
const IMAGE = Buffer.from('firmware 2.0, as bytes go')
const STATED = Object.entries({
  image: at('fw.bin'),
  vendor: 'Acme',
  product: 'acme/rg',
  version: '2.0',
  counter: '12',
  model: '00d09e/IGD',
  expires: '2027-01-01T00:00:00Z',
})
  .flatMap(([name, value]) => [`--${name}`, value])
  .concat('--model', '00D09E/RG/A1,A2')

/** One command line, without any API to connect to. */
async function sluice(...args: string[]) {
  const out: string[] = []
  const err: string[] = []
  const code = await runCli(args, {
    connect: () => {
      throw new Error('it wanted a connection')
    },
    say: (line) => out.push(line),
    complain: (line) => err.push(line),
    screen: null,
    signal: new AbortController().signal,
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

function releaseIn(name: string) {
  const read = readRelease(readFileSync(at(name), 'utf8'))
  if (read.kind === 'refused') throw new Error(read.detail)
  return read
}

function keyOf(name: string): ReleaseKey {
  const read = readPublicKey(readFileSync(at(name), 'utf8'))
  if (read.kind === 'refused') throw new Error(read.detail)
  const { keyId } = read.publicKey
  return {
    publicKey: read.publicKey,
    trust: {
      keyId,
      purposes: ['release'],
      ouis: [],
      models: [],
      approved: true,
      validFrom: null,
      validUntil: null,
      revoked: false,
    },
  }
}

function holds(name: string, ...publicKeys: string[]): boolean {
  const keys = publicKeys.map(keyOf)
  const judged = judgeRelease({ release: releaseIn(name), keys, requiredKeys: keys.length, now: NOW })
  return judged.kind === 'accepted'
}

beforeAll(() => {
  writeFileSync(at('fw.bin'), IMAGE)
  openssl('genpkey', '-algorithm', 'ed25519', '-out', 'ed.pem')
  openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', 'p256.pem')
  openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384', '-out', 'p384.pem')
  openssl('genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', 'rsa.pem')
  for (const key of ['ed', 'p256', 'p384', 'rsa']) {
    openssl('pkey', '-in', `${key}.pem`, '-pubout', '-out', `${key}.pub`)
  }
  openssl('pkcs8', '-topk8', '-in', 'ed.pem', '-out', 'locked.pem', '-passout', 'pass:open sesame', '-v2', 'aes256')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it.each(['ed', 'p256', 'p384', 'rsa'])('signs with a key file that openssl made: %s', async (key) => {
  const said = await sluice('release', 'sign', ...STATED, '--key', at(`${key}.pem`), '--out', at(`by-${key}.json`))
  expect(said).toMatchObject({ code: 0, err: '' })
  expect(holds(`by-${key}.json`, `${key}.pub`)).toBe(true)
})

it('states what the image is, and what the options say', async () => {
  const more = [
    '--reports',
    'R2.0',
    '--minimum-version',
    '1.5',
    '--allow-downgrade',
    '--notes-url',
    'https://a.example/',
  ]
  await sluice('release', 'sign', ...STATED, ...more, '--key', at('ed.pem'), '--out', at('full.json'))
  expect(releaseIn('full.json').statement).toEqual({
    schemaVersion: 1,
    vendor: 'Acme',
    product: 'acme/rg',
    version: '2.0',
    softwareVersions: ['R2.0'],
    counter: 12,
    models: [
      { oui: '00D09E', productClass: 'IGD' },
      { oui: '00D09E', productClass: 'RG', hardwareVersions: ['A1', 'A2'] },
    ],
    image: { size: IMAGE.length, sha256: createHash('sha256').update(IMAGE).digest('hex') },
    minimumVersion: '1.5',
    expires: '2027-01-01T00:00:00Z',
    allowDowngrade: true,
    notesUrl: 'https://a.example/',
  })
})

it('takes the statement from a file, which may not say what the image is', async () => {
  const fields = { vendor: 'Acme', product: 'acme/rg', version: '1.0', counter: 3, expires: '2027-01-01T00:00:00Z' }
  const stated = { ...fields, models: [{ oui: '00D09E', productClass: 'a/b' }], image: { size: 1, sha256: 'x' } }
  writeFileSync(at('stated.json'), JSON.stringify(stated))
  const from = ['--statement', at('stated.json'), '--image', at('fw.bin'), '--version', '2.0']
  const said = await sluice('release', 'sign', ...from, '--key', at('ed.pem'), '--out', at('from-file.json'))
  expect(said).toMatchObject({ code: 0, err: '' })
  expect(releaseIn('from-file.json').statement).toMatchObject({
    version: '2.0',
    softwareVersions: ['2.0'],
    counter: 3,
    models: [{ productClass: 'a/b' }],
    image: { size: IMAGE.length },
  })
})

it('a second person sees what they sign, and signs the same statement', async () => {
  await sluice('release', 'sign', ...STATED, '--key', at('ed.pem'), '--out', at('two.json'))
  const before = releaseIn('two.json')
  const said = await sluice(
    'release',
    'sign',
    '--add',
    at('two.json'),
    '--image',
    at('fw.bin'),
    '--key',
    at('p256.pem'),
  )
  expect(said).toMatchObject({ code: 0, err: '' })
  expect(said.out).toContain(`${before.releaseId}  Acme  acme/rg  2.0  counter 12`)
  expect(holds('two.json', 'ed.pub', 'p256.pub')).toBe(true)
  expect(releaseIn('two.json').releaseId).toBe(before.releaseId)

  await sluice('release', 'sign', '--add', at('two.json'), '--key', at('p256.pem'))
  expect(releaseIn('two.json').envelope.signatures).toHaveLength(2)
})

it('adds no signature about another image, and changes nothing that others signed', async () => {
  await sluice('release', 'sign', ...STATED, '--key', at('ed.pem'), '--out', at('other.json'))
  writeFileSync(at('other.bin'), 'firmware 2.1')
  const add = ['release', 'sign', '--add', at('other.json'), '--key', at('p256.pem')]
  const refused = await sluice(...add, '--image', at('other.bin'))
  expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('other bytes')])
  const changed = await sluice(...add, '--counter', '13')
  expect([changed.code, changed.err]).toEqual([2, expect.stringContaining('--counter would change it')])
  expect(releaseIn('other.json').envelope.signatures).toHaveLength(1)
})

it('opens a locked key by a passphrase in a file or in the environment, and by nothing else', async () => {
  writeFileSync(at('passphrase'), 'open sesame\n')
  const args = ['release', 'sign', ...STATED, '--key', at('locked.pem'), '--out', at('locked.json')]
  const locked = await sluice(...args)
  expect([locked.code, locked.err]).toEqual([2, expect.stringContaining('no private key that opens')])
  expect(existsSync(at('locked.json'))).toBe(false)
  expect((await sluice(...args, '--passphrase-file', at('passphrase'))).code).toBe(0)
  process.env['SLUICE_KEY_PASSPHRASE'] = 'open sesame'
  try {
    expect((await sluice(...args)).code).toBe(0)
  } finally {
    delete process.env['SLUICE_KEY_PASSPHRASE']
  }
  expect(holds('locked.json', 'ed.pub')).toBe(true)
  expect(await sluice(...args, '--passphrase', 'open sesame')).toMatchObject({ code: 2 })
})

it.each([
  ['ECDSA, as bytes', 'p256', 'openssl dgst -sha256 -sign p256.pem'],
  ['ECDSA of P-384, in base64', 'p384', 'openssl dgst -sha384 -sign p384.pem | openssl base64'],
  ['RSA-PSS', 'rsa', 'openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -sign rsa.pem'],
  ['Ed25519', 'ed', 'cat > tbs && openssl pkeyutl -sign -rawin -inkey ed.pem -in tbs'],
])('signs by a program outside that is given the bytes alone: %s', async (_, key, command) => {
  const signer = ['--signer', `cd ${folder} && ${command}`, '--public-key', at(`${key}.pub`)]
  const said = await sluice('release', 'sign', ...STATED, ...signer, '--out', at(`outside-${key}.json`))
  expect(said).toMatchObject({ code: 0, err: '' })
  expect(holds(`outside-${key}.json`, `${key}.pub`)).toBe(true)
})

it.each([
  ['signs with another key', 'openssl dgst -sha256 -sign p384.pem', 'no signature of key'],
  ['hashes in another way', 'openssl dgst -sha512 -sign p256.pem', 'no signature of key'],
  ['fails', 'cat > tbs; exit 3', 'ended with 3'],
  ['prints without an end', 'yes', 'more than any signature'],
])('keeps nothing of a signer that %s', async (_, command, why) => {
  const signer = ['--signer', `cd ${folder} && ${command}`, '--public-key', at('p256.pub')]
  const said = await sluice('release', 'sign', ...STATED, ...signer, '--out', at('nothing.json'))
  expect([said.code, said.err]).toEqual([2, expect.stringContaining(why)])
  expect(existsSync(at('nothing.json'))).toBe(false)
})

it.each([
  [['--key', at('ed.pem'), '--signer', 'x'], 'either --key or --signer'],
  [[], 'either --key or --signer'],
  [['--key', at('ed.pub')], 'no private key'],
  [['--key', at('ed.pem'), '--counter', '-1'], ''],
  [['--key', at('ed.pem'), '--counter', '1.5'], 'whole number'],
  [['--key', at('ed.pem'), '--model', '00D09E'], '--model is'],
  [['--key', at('ed.pem'), '--expires', 'soon'], '/expires'],
])('signs nothing that is not in order: %j', async (args, why) => {
  const said = await sluice('release', 'sign', ...STATED, '--out', at('nothing.json'), ...args)
  expect([said.code, said.err]).toEqual([2, expect.stringContaining(why)])
  expect(existsSync(at('nothing.json'))).toBe(false)
})

it('shows a file without a connection, and refuses what is no release', async () => {
  await sluice('release', 'sign', ...STATED, '--key', at('ed.pem'), '--out', at('shown.json'))
  const said = await sluice('release', 'show', at('shown.json'))
  expect(said).toMatchObject({ code: 0, err: '' })
  for (const part of ['counter 12', '00D09E RG A1, A2', 'until 2027-01-01', keyOf('ed.pub').publicKey.keyId])
    expect(said.out).toContain(part)
  expect(await sluice('release', 'show', at('fw.bin'))).toMatchObject({ code: 2 })
})
