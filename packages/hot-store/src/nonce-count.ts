import type { NonceUse } from './hot-store.ts'

/** As both stores compare it: a use is a replay unless its count is greater. -1: there is no nonce. */
export function countOf(nonce: NonceUse | undefined): number {
  return nonce === undefined ? -1 : (nonce.count ?? 0)
}
