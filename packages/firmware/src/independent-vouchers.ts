import type { Voucher } from './judge.ts'

/**
 * Those of the vouchers that count as different: no key stands in two of them, whether it signed the image or stands
 * between. Certificates are public, so who has one private key could else hand in its signature twice, once by itself and
 * once under an authority, or under two authorities. Those with the fewest keys come first; it may be one too few in a
 * maze of authorities, and is never one too many.
 */
export function independent(vouchers: readonly Voucher[]): Voucher[] {
  const used = new Set<string>()
  return vouchers
    .toSorted((a, b) => a.through.length - b.through.length)
    .filter(({ keyId, through }) => {
      const keys = [keyId, ...through]
      if (keys.some((key) => used.has(key))) return false
      keys.forEach((key) => used.add(key))
      return true
    })
}
