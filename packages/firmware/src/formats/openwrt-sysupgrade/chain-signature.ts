import { verify } from 'node:crypto'
import { keysNumbered } from '../../signatures/numbered-signature.ts'
import { failed, type Outcome } from '../../signatures/outcome.ts'
import type { PublicKey } from '../../signatures/public-key.ts'
import { startEd25519 } from '../../signatures/verify-ed25519.ts'
import { withinCertificate } from '../../signatures/within-certificate.ts'
import type { EmbeddedSignature, SpanRun } from '../format.ts'
import type { Certificate, Chain } from './certificates.ts'

/**
 * The signature in an image's last chunk, over every byte before that chunk. It names the key of the trust store that the
 * chain begins with: the keys in between are those of its certificates.
 */
export function chainSignature(chain: Chain, end: number): EmbeddedSignature {
  return {
    what: chain.certificates.length === 0 ? 'usign' : `ucert, ${chain.certificates.length} certificates`,
    over: { start: 0, end },
    strength: 'full',
    start: (keys, now) => {
      const followed = follow(chain.certificates, keys, now)
      if ('kind' in followed) return settled(followed)
      const { anchor, through } = followed
      const signers = keysNumbered(followed.keys, chain.image.keyNumber)
      if (signers.length === 0) return settled(failed(anchor === null ? 'key_unknown' : 'certificate_invalid'))
      const run = startEd25519(chain.image.signature, signers)
      return {
        update: run.update,
        finish: async () => {
          const outcome = await run.finish()
          if (outcome.kind === 'failed')
            return outcome.code === 'signature_invalid' && namesNobody(signers) ? failed('key_unknown') : outcome
          return withinCertificate(anchor === null ? outcome : { kind: 'verified', keyId: anchor, through }, keys, now)
        },
      }
    },
  }
}

interface Followed {
  /** Who may sign next. */
  readonly keys: readonly PublicKey[]
  /** The key of the trust store that signed the first certificate; null where there is none yet. */
  readonly anchor: string | null
  /** The keys of the certificates. */
  readonly through: readonly string[]
}

/** From the trust store along the certificates, as a device does; or why the chain ends before the image. */
function follow(certificates: readonly Certificate[], trusted: readonly PublicKey[], now: number): Followed | Outcome {
  let followed: Followed = { keys: trusted, anchor: null, through: [] }
  for (const { signature, signed, says } of certificates) {
    const named = keysNumbered(followed.keys, signature.keyNumber)
    const signer = named.find(({ key }) => verify(null, signed, key, signature.signature))
    if (signer === undefined)
      return failed(followed.anchor === null && namesNobody(named) ? 'key_unknown' : 'certificate_invalid')
    // A device refuses a chain with a revocation in it, whatever else it says.
    if (says.kind === 'revokes') return failed('certificate_revoked')
    if (!(now >= says.from)) return failed('certificate_not_yet_valid')
    if (!(now < says.until)) return failed('certificate_expired')
    followed = {
      keys: [says.key],
      anchor: followed.anchor ?? signer.keyId,
      through: [...followed.through, says.key.keyId],
    }
  }
  return followed
}

/** A key without a number may be tried, and is not named: what it does not verify may be a stranger's. */
function namesNobody(tried: readonly PublicKey[]): boolean {
  return tried.every(({ keyNumber }) => keyNumber === undefined)
}

function settled(outcome: Outcome): SpanRun<Outcome> {
  return { update: () => undefined, finish: () => outcome }
}
