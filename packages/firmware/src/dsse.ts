import { verify } from 'node:crypto'
import { algorithmFacts, type KeyFamily, type SignatureAlgorithm } from './signatures/algorithms.ts'
import type { PublicKey } from './signatures/public-key.ts'

/**
 * A signed statement: DSSE, the Dead Simple Signing Envelope 1.0 (protocol.md of secure-systems-lab/dsse). The bytes that
 * are signed are the bytes that are read: nothing has to be written in one way only. `payload` and `sig` are standard
 * base64.
 */
export interface Envelope {
  readonly payloadType: string
  readonly payload: string
  readonly signatures: readonly EnvelopeSignature[]
}

export interface EnvelopeSignature {
  /** Whom the signer says it is: a hint and no proof. */
  readonly keyid: string
  readonly sig: string
}

/** What a key of each kind signs envelopes with: one way each, so that nobody chooses a weaker one. */
const ALGORITHM: Readonly<Record<KeyFamily, SignatureAlgorithm>> = {
  ed25519: 'ed25519',
  p256: 'ecdsa_p256_sha256',
  p384: 'ecdsa_p384_sha384',
  rsa: 'rsa_pss_sha256',
}

/** The bytes that are signed: type and payload, each after its length, so that neither can be read as the other. */
export function signedBytesOf(payloadType: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `
  return Buffer.concat([Buffer.from(head), payload])
}

/** How a key of this kind signs an envelope: what node:crypto wants to know beside the key. */
export function envelopeSigning(family: KeyFamily) {
  const { hash, options } = algorithmFacts(ALGORITHM[family])!
  return { algorithm: ALGORITHM[family], hash, options }
}

/**
 * The ids of the keys that signed the envelope: each once, however often it signed. An envelope of another type, or with
 * a payload that is no base64, was signed by nobody.
 */
export function signersOf(envelope: Envelope, payloadType: string, keys: readonly PublicKey[]): Set<string> {
  const payload = payloadOf(envelope)
  if (envelope.payloadType !== payloadType || payload === null) return new Set()
  const bytes = signedBytesOf(payloadType, payload)
  const signed = (key: PublicKey) => envelope.signatures.some(({ sig }) => verifies(bytes, sig, key))
  return new Set(keys.filter(signed).map((key) => key.keyId))
}

/** The payload, or null where it is no standard base64 in its one spelling. */
export function payloadOf({ payload }: Pick<Envelope, 'payload'>): Buffer | null {
  const bytes = Buffer.from(payload, 'base64')
  return bytes.toString('base64') === payload ? bytes : null
}

function verifies(bytes: Uint8Array, sig: string, { family, key }: PublicKey): boolean {
  const { hash, options } = envelopeSigning(family)
  try {
    return verify(hash, bytes, { key, ...options }, Buffer.from(sig, 'base64'))
  } catch {
    // OpenSSL throws for signatures it cannot decode: one more way of being false.
    return false
  }
}
