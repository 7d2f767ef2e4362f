import type { SpanRun } from '../formats/format.ts'
import { keysNumbered, readCommented, readNumberedSignature } from './numbered-signature.ts'
import { failed, type Outcome } from './outcome.ts'
import type { PublicKey } from './public-key.ts'
import { startEd25519 } from './verify-ed25519.ts'

/** Starts checking the signature file of signify, which is also that of OpenWrt's usign: plain Ed25519. */
export function startSignify(text: string, keys: readonly PublicKey[]): SpanRun<Outcome> | Outcome {
  const base64 = readCommented(text)
  const file = base64 === null ? null : readNumberedSignature(base64)
  if (file?.algorithm !== 'Ed') return failed('signature_malformed')
  const named = keysNumbered(keys, file.keyNumber)
  return named.length === 0 ? failed('key_unknown') : startEd25519(file.signature, named)
}
