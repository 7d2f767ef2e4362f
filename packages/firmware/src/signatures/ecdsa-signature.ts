/**
 * Whether these bytes are `SEQUENCE { INTEGER r, INTEGER s }` in DER and nothing else (X9.62, RFC 3279 2.2.3):
 * definite short lengths, no padding, positive, no longer than the curve, no trailing bytes.
 *
 * (r, s) and (r, n - s) are both valid for the same image and that is harmless here: signatures are never used as
 * identities, and two of them by one key count once.
 */
export function isDerEcdsaSignature(bytes: Uint8Array, fieldBytes: number): boolean {
  // P-384 gives at most 2 + 2 * (2 + 49) bytes: lengths above 127 do not occur.
  if (bytes[0] !== 0x30 || bytes[1] === undefined || bytes[1] > 127 || bytes[1] !== bytes.length - 2) return false
  const afterR = skipPositiveInteger(bytes, 2, fieldBytes)
  if (afterR === null) return false
  return skipPositiveInteger(bytes, afterR, fieldBytes) === bytes.length
}

function skipPositiveInteger(bytes: Uint8Array, at: number, fieldBytes: number): number | null {
  const length = bytes[at + 1]
  if (bytes[at] !== 0x02 || length === undefined || length === 0 || at + 2 + length > bytes.length) return null
  const first = bytes[at + 2]!
  if (first >= 0x80) return null
  if (first === 0) {
    const second = bytes[at + 3]
    if (length === 1 || second === undefined || second < 0x80) return null
  }
  const digits = first === 0 ? length - 1 : length
  return digits > fieldBytes ? null : at + 2 + length
}
