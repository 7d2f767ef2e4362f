import { createVerify, verify } from 'node:crypto'
import { algorithmFacts, type AlgorithmFacts } from './algorithms.ts'
import { isDerEcdsaSignature } from './ecdsa-signature.ts'
import type { PresentedSignature, SignatureFailure } from './judge.ts'
import type { PublicKey } from './public-key.ts'

/** A detached signature over the whole image. It names no key: every key of its kind is tried. */
export interface DetachedSignature {
  readonly algorithm: string
  /** Standard base64. ECDSA in DER. */
  readonly value: string
}

/** Checks under way: feed them the image once, in order; then ask. */
export interface SignatureChecks {
  update(chunk: Uint8Array): void
  /** What became of each signature, in the order they were given. */
  finish(): Promise<PresentedSignature[]>
}

/**
 * Ed25519 reads the message twice (RFC 8032 5.1.7) and so cannot be streamed: the image is held in memory, once for all
 * signatures, up to this many bytes. Above it: `image_too_large_for_algorithm`. ECDSA and RSA have no such limit.
 */
export const MAX_WHOLE_IMAGE_BYTES = 256 * 1024 * 1024

/** Starts checking detached signatures over one image against the keys of a trust store. Bad input never throws. */
export function startSignatureChecks(
  signatures: readonly DetachedSignature[],
  keys: readonly PublicKey[],
  /** How long the image will be, so that room is made once; and how much may be held. */
  { expectedBytes = 0, maxWholeImageBytes = MAX_WHOLE_IMAGE_BYTES } = {},
): SignatureChecks {
  const whole = wholeImage(expectedBytes, maxWholeImageBytes)
  const checks = signatures.map((signature) => startCheck(signature, keys, whole))
  const wanted = checks.some((check) => check.needsWholeImage)
  return {
    update: (chunk) => {
      if (wanted) whole.add(chunk)
      for (const check of checks) check.update(chunk)
    },
    finish: () =>
      Promise.all(
        checks.map(async (check, at) => ({ algorithm: signatures[at]!.algorithm, outcome: await check.finish() })),
      ),
  }
}

type Outcome = PresentedSignature['outcome']

interface SignatureCheck {
  readonly needsWholeImage: boolean
  update(chunk: Uint8Array): void
  finish(): Promise<Outcome>
}

function startCheck(claimed: DetachedSignature, keys: readonly PublicKey[], whole: WholeImage): SignatureCheck {
  const facts = algorithmFacts(claimed.algorithm)
  if (facts === null) return settled('algorithm_not_supported')
  const ofItsKind = keys.filter((key) => key.family === facts.family)
  if (ofItsKind.length === 0) return settled('key_unknown')
  const signature = fromBase64(claimed.value)
  const candidates = ofItsKind.filter((key) => hasRightShape(signature, facts, key))
  if (candidates.length === 0) return settled('signature_malformed')
  return facts.hash === null
    ? checkWhole(signature, candidates, whole)
    : checkStreamed(signature, candidates, facts, facts.hash)
}

function checkStreamed(
  signature: Buffer,
  keys: readonly PublicKey[],
  facts: AlgorithmFacts,
  hash: string,
): SignatureCheck {
  const attempts = keys.map((publicKey) => ({ publicKey, verifier: createVerify(hash) }))
  return {
    needsWholeImage: false,
    update: (chunk) => attempts.forEach(({ verifier }) => verifier.update(chunk)),
    finish: async () => {
      const fitting = attempts.find(({ verifier, publicKey }) => {
        try {
          return verifier.verify({ key: publicKey.key, ...facts.options }, signature)
        } catch {
          // OpenSSL throws for signatures it cannot decode: one more way of being invalid.
          return false
        }
      })
      return fitting ? { kind: 'verified', keyId: fitting.publicKey.keyId } : failed('signature_invalid')
    },
  }
}

function checkWhole(signature: Buffer, keys: readonly PublicKey[], whole: WholeImage): SignatureCheck {
  return {
    needsWholeImage: true,
    update: () => undefined,
    finish: async () => {
      const image = whole.bytes()
      if (image === null) return failed('image_too_large_for_algorithm')
      for (const publicKey of keys) {
        if (await verifiesOffThread(image, publicKey, signature)) return { kind: 'verified', keyId: publicKey.keyId }
      }
      return failed('signature_invalid')
    },
  }
}

/** With a callback node:crypto works in its thread pool: a large image does not hold up the event loop. */
function verifiesOffThread(image: Uint8Array, { key }: PublicKey, signature: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    verify(null, image, key, signature, (error, valid) => resolve(error === null && valid))
  })
}

function hasRightShape(signature: Uint8Array, facts: AlgorithmFacts, { key }: PublicKey): boolean {
  switch (facts.family) {
    case 'ed25519':
      return signature.length === 64
    case 'p256':
      return isDerEcdsaSignature(signature, 32)
    case 'p384':
      return isDerEcdsaSignature(signature, 48)
    case 'rsa':
      return signature.length === Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
  }
}

interface WholeImage {
  add(chunk: Uint8Array): void
  /** Null: there were more than may be held. */
  bytes(): Uint8Array | null
}

function wholeImage(expectedBytes: number, maxBytes: number): WholeImage {
  let held: Buffer | null = null
  let size = 0
  return {
    add: (chunk) => {
      const end = size + chunk.length
      if (end <= maxBytes) {
        held ??= Buffer.allocUnsafe(Math.min(expectedBytes, maxBytes))
        if (end > held.length) held = Buffer.concat([held], Math.max(end, Math.min(2 * held.length, maxBytes)))
        held.set(chunk, size)
      } else {
        held = null
      }
      size = end
    },
    bytes: () => (size > maxBytes ? null : (held ?? Buffer.alloc(0)).subarray(0, size)),
  }
}

/** Empty for what is no base64: no signature has that length. */
function fromBase64(text: string): Buffer {
  const dense = text.replaceAll(/\s/g, '')
  return /^[A-Za-z0-9+/]+={0,2}$/.test(dense) ? Buffer.from(dense, 'base64') : Buffer.alloc(0)
}

function failed(code: SignatureFailure): Outcome {
  return { kind: 'failed', code }
}

function settled(code: SignatureFailure): SignatureCheck {
  return { needsWholeImage: false, update: () => undefined, finish: async () => failed(code) }
}
