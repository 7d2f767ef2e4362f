const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** The 16 bytes a ULID stands for, or null if the text is none. */
export function ulidToBytes(ulid: string): Uint8Array | null {
  // 26 digits hold 130 bits: the first may use only three of its five.
  if (!/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(ulid)) return null
  let value = 0n
  for (const digit of ulid) value = (value << 5n) | BigInt(ALPHABET.indexOf(digit))
  const bytes = new Uint8Array(16)
  for (let at = 15; at >= 0; at--, value >>= 8n) bytes[at] = Number(value & 0xffn)
  return bytes
}

export function bytesToUlid(bytes: Uint8Array): string {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  let ulid = ''
  for (let digit = 0; digit < 26; digit++, value >>= 5n) ulid = ALPHABET[Number(value & 31n)] + ulid
  return ulid
}
