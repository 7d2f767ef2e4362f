import { createHmac, hash, KeyObject } from 'node:crypto'

const BLOCK = 64
const DIGEST = 32
/** What is sealed here is shorter. */
const LONGEST = 512

interface Pads {
  /** The key's block, and room for the text behind it. */
  readonly inner: Buffer
  readonly outer: Buffer
}

const padsOf = new WeakMap<KeyObject, Pads>()

/**
 * HMAC-SHA-256 (RFC 2104). For a KeyObject, whose two blocks are kept, by two hashes of one call each: an Hmac is a
 * stream, and making one costs more than all it hashes.
 */
export function hmacSha256(key: string | Uint8Array | KeyObject, text: string, encoding: 'hex' | 'base64url'): string {
  if (!(key instanceof KeyObject) || text.length * 3 > LONGEST) {
    return createHmac('sha256', key).update(text).digest(encoding)
  }
  const { inner, outer } = padsOf.get(key) ?? makePads(key)
  const bytes = inner.write(text, BLOCK, 'utf8')
  outer.write(hash('sha256', inner.subarray(0, BLOCK + bytes), 'hex'), BLOCK, 'hex')
  return hash('sha256', outer, encoding)
}

function makePads(key: KeyObject): Pads {
  const secret = key.export()
  const block = Buffer.alloc(BLOCK)
  block.set(secret.length > BLOCK ? hash('sha256', secret, 'buffer') : secret)
  const padded = (byte: number) => block.map((each) => each ^ byte)
  const pads = {
    inner: Buffer.concat([padded(0x36), Buffer.alloc(LONGEST)]),
    outer: Buffer.concat([padded(0x5c), Buffer.alloc(DIGEST)]),
  }
  padsOf.set(key, pads)
  return pads
}
