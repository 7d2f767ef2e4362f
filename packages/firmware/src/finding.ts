import type { Check, Reason, ReasonCode, Voucher } from './judge.ts'

/** One thing that was looked at. `harmless`: no reason against an image for which enough keys vouch nevertheless. */
export interface Finding {
  readonly check: Check['check']
  readonly detail: string
  readonly keyId?: string
  readonly reason: Reason | null
  readonly harmless?: boolean
  /** Of a signature that counts. */
  readonly voucher?: Voucher
}

export function inOrder(check: Check['check'], detail: string): Finding {
  return { check, detail, reason: null }
}

export function against(check: Check['check'], code: ReasonCode, detail: string): Finding {
  return { check, detail, reason: { code, detail } }
}
