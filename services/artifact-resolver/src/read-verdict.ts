import {
  check,
  VERDICT_TYPE,
  VerdictStatementSchema,
  type SignedStatement,
  type VerdictStatement,
} from '@sluice/contracts'
import { payloadOf, signersOf, type PublicKey } from '@sluice/firmware'

export type ReadVerdict =
  | ({ readonly kind: 'signed' } & VerdictStatement)
  /** Not what the verifier said of this artifact: it moves nothing. */
  | { readonly kind: 'forged'; readonly detail: string }

/** What the verifier says of an artifact: what was signed is what is gone by, whatever else the message claims. */
export function readVerdict(
  { artifactId, statement }: { readonly artifactId: string; readonly statement: SignedStatement },
  keys: readonly PublicKey[],
): ReadVerdict {
  if (signersOf(statement, VERDICT_TYPE, keys).size === 0) return forged('no key of the verifier signed it')
  const checked = check(VerdictStatementSchema, parse(payloadOf(statement)))
  if (checked.kind === 'invalid') return forged('it does not say what a verdict says')
  if (checked.value.artifactId !== artifactId) return forged('it is of another artifact')
  return { kind: 'signed', ...checked.value }
}

function parse(payload: Buffer | null): unknown {
  try {
    return payload === null ? null : (JSON.parse(payload.toString()) as unknown)
  } catch {
    return null
  }
}

function forged(detail: string): ReadVerdict {
  return { kind: 'forged', detail }
}
