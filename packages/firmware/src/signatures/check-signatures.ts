import { createVerify } from 'node:crypto'
import { startDetachedCms } from '../cms/detached-cms.ts'
import type { SpanRun } from '../formats/format.ts'
import type { PresentedSignature } from '../judge.ts'
import { algorithmFacts, type AlgorithmFacts } from './algorithms.ts'
import { startMinisign } from './check-minisign.ts'
import { startSignify } from './check-signify.ts'
import { exactBase64 } from './numbered-signature.ts'
import { failed, type Outcome } from './outcome.ts'
import type { PublicKey } from './public-key.ts'
import { hasShapeFor } from './signature-shape.ts'
import { startEd25519 } from './verify-ed25519.ts'
import { withinCertificate } from './within-certificate.ts'

/** A detached signature over the whole image. A bare one names no key: every key of its kind is tried. */
export interface DetachedSignature {
  readonly algorithm: string
  /** Standard base64. ECDSA in DER; of minisign and signify the signature file; CMS in DER or PEM. */
  readonly value: string
}

/** Checks under way: feed them the image once, in order; then ask. */
export interface SignatureChecks {
  update(chunk: Uint8Array): void
  /** What became of each signature, in the order they were given; of a CMS with several signers, of each of them. */
  finish(): Promise<PresentedSignature[]>
}

/**
 * Starts checking detached signatures over one image against the keys of a trust store. `now`, in milliseconds since the
 * epoch, is for certificates: without it none of them is in force. Bad input never throws.
 */
export function startSignatureChecks(
  signatures: readonly DetachedSignature[],
  keys: readonly PublicKey[],
  now = Number.NaN,
): SignatureChecks {
  const checks = signatures.flatMap(({ algorithm, value }) => {
    const started = algorithm === 'cms' ? startDetachedCms(value, { keys, now }) : [startCheck(algorithm, value, keys)]
    return started.map((check) => ({ algorithm, check }))
  })
  return {
    update: (chunk) => {
      for (const { check } of checks) if (!isSettled(check)) check.update(chunk)
    },
    finish: () =>
      Promise.all(
        checks.map(async ({ algorithm, check }) => {
          const outcome = isSettled(check) ? check : await check.finish()
          // A CMS has looked at certificates itself: what vouches for it may be an authority.
          return { algorithm, outcome: algorithm === 'cms' ? outcome : withinCertificate(outcome, keys, now) }
        }),
      ),
  }
}

function isSettled(check: SpanRun<Outcome> | Outcome): check is Outcome {
  return 'kind' in check
}

function startCheck(algorithm: string, value: string, keys: readonly PublicKey[]): SpanRun<Outcome> | Outcome {
  const facts = algorithmFacts(algorithm)
  if (facts === null) return failed('algorithm_not_supported')
  const ofItsKind = keys.filter((key) => key.family === facts.family)
  if (ofItsKind.length === 0) return failed('key_unknown')
  const presented = exactBase64(value.replaceAll(/\s/g, ''))
  if (presented === null) return failed('signature_malformed')
  switch (facts.form) {
    case 'bare':
      return startBare(presented, ofItsKind, facts)
    case 'minisign':
      return startMinisign(presented.toString('latin1'), ofItsKind)
    case 'signify':
      return startSignify(presented.toString('latin1'), ofItsKind)
  }
}

function startBare(
  signature: Uint8Array,
  keys: readonly PublicKey[],
  facts: AlgorithmFacts,
): SpanRun<Outcome> | Outcome {
  const candidates = keys.filter((key) => hasShapeFor(signature, key))
  if (candidates.length === 0) return failed('signature_malformed')
  return facts.hash === null
    ? startEd25519(signature, candidates)
    : startStreamed(signature, candidates, facts, facts.hash)
}

function startStreamed(
  signature: Uint8Array,
  keys: readonly PublicKey[],
  facts: AlgorithmFacts,
  hash: string,
): SpanRun<Outcome> {
  const attempts = keys.map((publicKey) => ({ publicKey, verifier: createVerify(hash) }))
  return {
    update: (chunk) => attempts.forEach(({ verifier }) => verifier.update(chunk)),
    finish: () => {
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
