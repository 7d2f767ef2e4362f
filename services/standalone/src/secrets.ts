import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What the services of one system share and nobody else knows. Hexadecimal. */
export interface Secrets {
  readonly sealKey: string
  readonly snapshotKey: string
  readonly settingsKey: string
  readonly nonceSecret: string
  readonly downloadKey: string
  /** The seed of the Ed25519 key that verdicts are signed with. */
  readonly verdictSeed: string
  readonly intakeToken: string
  readonly operatorToken: string
}

const NAMES = [
  'sealKey',
  'snapshotKey',
  'settingsKey',
  'nonceSecret',
  'downloadKey',
  'verdictSeed',
  'intakeToken',
  'operatorToken',
] as const

/**
 * The secrets in the state folder; made on the first start, readable by its owner alone. The operator's token also
 * stands in a file of its own, where the command line finds it.
 */
export function keepSecrets(directory: string): Secrets {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const path = join(directory, 'secrets.json')
  const kept = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Partial<Secrets>) : {}
  const secrets = Object.fromEntries(
    NAMES.map((name) => [name, kept[name] ?? randomBytes(32).toString('hex')]),
  ) as unknown as Secrets
  if (NAMES.some((name) => kept[name] === undefined)) writePrivately(path, JSON.stringify(secrets, null, 2) + '\n')
  writePrivately(join(directory, 'operator-token'), secrets.operatorToken + '\n')
  return secrets
}

/** Whole or not at all: half a file of secrets would lock every device out. */
function writePrivately(path: string, content: string): void {
  const partial = `${path}.partial`
  writeFileSync(partial, content, { mode: 0o600 })
  chmodSync(partial, 0o600)
  renameSync(partial, path)
}
