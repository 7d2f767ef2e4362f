import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readPublicKey, type PublicKey } from '../src/index.ts'

/** Why a test of real tools cannot run here, or null. */
export function missingTool(...tools: readonly string[]): string | null {
  const missing = tools.filter((tool) => spawnSync(tool, ['--version']).error !== undefined)
  return missing.length === 0 ? null : `${missing.join(' and ')} not installed`
}

/** A folder for tools to work in, gone when it is disposed of. */
export class Workshop implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'firmware-vectors-'))

  run(tool: string, args: readonly string[], input?: string | Uint8Array): Buffer {
    return execFileSync(tool, args, {
      cwd: this.folder,
      input,
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, TZ: 'UTC' },
    })
  }

  write(name: string, content: string | Uint8Array): void {
    writeFileSync(join(this.folder, name), content)
  }

  read(name: string): Buffer {
    return readFileSync(join(this.folder, name))
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export type KeyKind = 'rsa' | 'p256' | 'p384' | 'ed25519'

const KEY_OPTIONS: Readonly<Record<KeyKind, readonly string[]>> = {
  rsa: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  p256: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  p384: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  ed25519: ['-algorithm', 'ED25519'],
}

export interface Issue {
  /** Common name, and the name of the files `NAME.key` and `NAME.crt`. */
  readonly name: string
  readonly kind?: KeyKind
  /** Signed by itself where absent. */
  readonly issuer?: string
  /** Lines of openssl's x509v3 configuration. */
  readonly extensions?: readonly string[]
  /** For how long from now; negative: it has expired. */
  readonly days?: number
  readonly digest?: string
}

export const AUTHORITY = [
  'basicConstraints=critical,CA:TRUE',
  'keyUsage=critical,keyCertSign',
  'subjectKeyIdentifier=hash',
]
export const CODE_SIGNER = [
  'basicConstraints=CA:FALSE',
  'keyUsage=digitalSignature',
  'extendedKeyUsage=codeSigning',
  'subjectKeyIdentifier=hash',
]

/** Makes a key and a certificate by openssl, in a workshop. */
export function issue(
  workshop: Workshop,
  { name, kind = 'p256', issuer, extensions = CODE_SIGNER, days = 30, digest = 'sha256' }: Issue,
): void {
  const hash = kind === 'ed25519' ? [] : [`-${digest}`]
  workshop.run('openssl', ['genpkey', ...KEY_OPTIONS[kind], '-out', `${name}.key`])
  workshop.write(`${name}.cnf`, extensions.join('\n'))
  workshop.run('openssl', ['req', '-new', '-key', `${name}.key`, '-subj', `/CN=${name}`, '-out', `${name}.csr`])
  const by = issuer === undefined ? ['-signkey', `${name}.key`] : ['-CA', `${issuer}.crt`, '-CAkey', `${issuer}.key`]
  const issuerIsEd = issuer !== undefined && workshop.read(`${issuer}.key`).length < 150
  workshop.run('openssl', [
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    ...by,
    '-set_serial',
    String(name.length * 1000 + extensions.length),
    '-days',
    String(days),
    ...(issuerIsEd ? [] : hash),
    '-extfile',
    `${name}.cnf`,
    '-out',
    `${name}.crt`,
  ])
}

/** The certificate of a name, as a key of the trust store. */
export function anchor(workshop: Workshop, name: string): PublicKey {
  return keyOf(workshop.read(`${name}.crt`).toString())
}

/** The key of a name without its certificate, as a key of the trust store. */
export function bareKey(workshop: Workshop, name: string): PublicKey {
  return keyOf(workshop.run('openssl', ['pkey', '-in', `${name}.key`, '-pubout']).toString())
}

function keyOf(pem: string): PublicKey {
  const read = readPublicKey(pem)
  if (read.kind === 'refused') throw new Error(`${read.code}: ${read.detail}`)
  return read.publicKey
}

/** Signs as `openssl cms -sign` does: DER, detached, without the capabilities of a mail program. */
export function signCms(
  workshop: Workshop,
  content: Uint8Array,
  signers: readonly string[],
  more: readonly string[] = [],
): Buffer {
  const by = signers.flatMap((name) => ['-signer', `${name}.crt`, '-inkey', `${name}.key`])
  return workshop.run('openssl', ['cms', '-sign', '-binary', '-nosmimecap', '-outform', 'DER', ...by, ...more], content)
}
