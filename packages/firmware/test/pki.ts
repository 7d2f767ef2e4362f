import { createHash } from 'node:crypto'
import type { PublicKey } from '../src/index.ts'
import { publicKey, type Workshop } from './tools.ts'

export type KeyKind = 'rsa' | 'p256' | 'p384' | 'ed25519'

const KEY_OPTIONS: Readonly<Record<KeyKind, readonly string[]>> = {
  rsa: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  p256: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  p384: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  ed25519: ['-algorithm', 'ED25519'],
}

export interface Issue {
  readonly kind?: KeyKind
  /** Signed by itself where absent. */
  readonly issuer?: string
  /** Lines of openssl's configuration of extensions. */
  readonly extensions?: readonly string[]
  /** For how long from now. */
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

/** Makes a key and a certificate by openssl: `NAME.key` and `NAME.crt`, for the common name NAME. */
export function issue(workshop: Workshop, name: string, how: Issue = {}): void {
  const { kind = 'p256', issuer, extensions = CODE_SIGNER, days = 30, digest = 'sha256' } = how
  workshop.run('openssl', 'genpkey', ...KEY_OPTIONS[kind], '-out', `${name}.key`)
  workshop.write(`${name}.cnf`, extensions.join('\n'))
  workshop.run('openssl', 'req', '-new', '-key', `${name}.key`, '-subj', `/CN=${name}`, '-out', `${name}.csr`)
  const by = issuer === undefined ? ['-signkey', `${name}.key`] : ['-CA', `${issuer}.crt`, '-CAkey', `${issuer}.key`]
  const serial = createHash('sha256').update(name).digest().readUInt32BE()
  const terms = ['-set_serial', String(serial), '-days', String(days), `-${digest}`, '-extfile', `${name}.cnf`]
  workshop.run('openssl', 'x509', '-req', '-in', `${name}.csr`, ...by, ...terms, '-out', `${name}.crt`)
}

/** The certificate of a name, as a key of the trust store. */
export function anchor(workshop: Workshop, name: string): PublicKey {
  return publicKey(workshop.read(`${name}.crt`).toString())
}

/** The key of a name without its certificate, as a key of the trust store. */
export function bareKey(workshop: Workshop, name: string): PublicKey {
  return publicKey(workshop.run('openssl', 'pkey', '-in', `${name}.key`, '-pubout').toString())
}

/** Signs as `openssl cms -sign` does: DER, detached, without the capabilities of a mail program. */
export function signCms(
  workshop: Workshop,
  content: Uint8Array,
  signers: readonly string[],
  ...more: readonly string[]
): Buffer {
  workshop.write('content.bin', content)
  const by = signers.flatMap((name) => ['-signer', `${name}.crt`, '-inkey', `${name}.key`])
  return workshop.run(
    'openssl',
    'cms',
    '-sign',
    '-binary',
    '-nosmimecap',
    '-outform',
    'DER',
    '-in',
    'content.bin',
    ...by,
    ...more,
  )
}
