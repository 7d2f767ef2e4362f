import { createHash } from 'node:crypto'
import type { SpanRun } from '../formats/format.ts'
import { exactBase64, keysNumbered, readNumberedSignature, type NumberedSignature } from './numbered-signature.ts'
import { failed, type Outcome } from './outcome.ts'
import type { PublicKey } from './public-key.ts'
import { startEd25519, verifyEd25519 } from './verify-ed25519.ts'

interface MinisignFile extends NumberedSignature {
  /** Its bytes as characters. */
  readonly trustedComment: string
  /** Over the signature and the trusted comment. */
  readonly global: Buffer
}

/**
 * Starts checking the signature file of minisign (jedisct1.github.io/minisign, "Signature format"): of the prehashed kind,
 * which it has written unasked since 0.10, or of the old one, over the image itself.
 */
export function startMinisign(text: string, keys: readonly PublicKey[]): SpanRun<Outcome> | Outcome {
  const file = readFile(text)
  if (file === null) return failed('signature_malformed')
  const named = keysNumbered(keys, file.keyNumber)
  if (named.length === 0) return failed('key_unknown')
  const image = file.algorithm === 'ED' ? startPrehashed(file.signature, named) : startEd25519(file.signature, named)
  return {
    update: image.update,
    finish: async () => {
      const outcome = await image.finish()
      if (outcome.kind === 'failed') return outcome
      const signer = named.filter((key) => key.keyId === outcome.keyId)
      return verifyEd25519(
        Buffer.concat([file.signature, Buffer.from(file.trustedComment, 'latin1')]),
        file.global,
        signer,
      )
    },
  }
}

function startPrehashed(signature: Uint8Array, keys: readonly PublicKey[]): SpanRun<Outcome> {
  const hash = createHash('blake2b512')
  return {
    update: (piece) => void hash.update(piece),
    finish: () => verifyEd25519(hash.digest(), signature, keys),
  }
}

function readFile(text: string): MinisignFile | null {
  const lines =
    /^untrusted comment: [^\r\n]{0,1024}\n([^\r\n]+)\ntrusted comment: ([^\r\n]{0,8192})\n([^\r\n]+)\n?$/.exec(text)
  if (lines === null) return null
  const [, first, trustedComment, last] = lines as unknown as [string, string, string, string]
  const signature = readNumberedSignature(first)
  const global = exactBase64(last)
  return signature === null || global?.length !== 64 ? null : { ...signature, trustedComment, global }
}
