import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { readNumber, readPairs, readSize, UsageError } from './command-line.ts'
import { buildSimulatedImage, type ImageBehaviour } from './image.ts'

export const IMAGE_HELP = `Builds an image that simulated CPE install.

  main.ts image --version <text> --key <file> --out <file> [options]

  --version <text>         what SoftwareVersion says once it runs
  --size <bytes>           4096, 256k, 8m (256k)
  --key <file>             the vendor's Ed25519 private key (PEM); made when absent, the public key beside it as <file>.pub
  --out <file>             the image; <file>.sig is a detached Ed25519 signature (64 raw bytes) over the whole of it
  --behaviour <name=x,...> a bad release: refuseShare, fallBackShare, loseSettingsShare, silentShare, each from 0 to 1
  --help
`

const SHARES = ['refuseShare', 'fallBackShare', 'loseSettingsShare', 'silentShare'] as const

/** Writes the image, its detached signature and, where missing, the keys. Answers what to tell the user. */
export function imageCommand(args: string[]): string {
  const { values } = parseArgs({
    args,
    options: {
      version: { type: 'string' },
      size: { type: 'string', default: '256k' },
      key: { type: 'string' },
      out: { type: 'string' },
      behaviour: { type: 'string' },
    },
  })
  const { version, key, out, behaviour } = values
  if (!version || !key || !out) throw new UsageError('--version, --key and --out are needed')
  const privateKey = readOrMakeKey(key)
  const image = buildSimulatedImage({
    version,
    sizeBytes: readSize('size', values.size),
    privateKey,
    ...(behaviour !== undefined && { behaviour: readBehaviour(behaviour) }),
  })
  writeFileSync(out, image)
  writeFileSync(`${out}.sig`, sign(null, image, privateKey))
  const sha256 = createHash('sha256').update(image).digest('hex')
  return `${out}  ${image.length} bytes  sha256 ${sha256}\n${out}.sig  detached signature\n${key}.pub  public key\n`
}

function readOrMakeKey(path: string): KeyObject {
  const known = existsSync(path)
  const privateKey = known ? createPrivateKey(readFileSync(path)) : generateKeyPairSync('ed25519').privateKey
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new UsageError(`--key: ${path} is no Ed25519 key`)
  if (!known) writeFileSync(path, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 })
  writeFileSync(`${path}.pub`, createPublicKey(privateKey).export({ format: 'pem', type: 'spki' }))
  return privateKey
}

function readBehaviour(text: string): ImageBehaviour {
  const shares = readPairs('behaviour', text).map(([name, share]) => {
    const known = SHARES.find((one) => one === name)
    if (!known) throw new UsageError(`--behaviour: there is no "${name}"`)
    return [known, readNumber('behaviour', share, 0)] as const
  })
  if (shares.reduce((sum, [, share]) => sum + share, 0) > 1)
    throw new UsageError('--behaviour: the shares are more than 1')
  return Object.fromEntries(shares)
}
