import { createHmac, timingSafeEqual } from 'node:crypto'
import { encodeStun, STUN, type StunMessage } from './stun-message.ts'

/** RFC 3489 fills the signed text up to a multiple of 64 bytes; RFC 5389 does not. */
export type IntegrityForm = 'filled' | 'plain'

const BLOCK = 64
const ATTRIBUTE_BYTES = 24
const HEADER_BYTES = 20

/** In which form `bytes` was signed with this password, or null where it was not. */
export function integrityForm(bytes: Buffer, integrityAt: number, password: string): IntegrityForm | null {
  const said = bytes.subarray(integrityAt + 4, integrityAt + ATTRIBUTE_BYTES)
  const text = Buffer.from(bytes.subarray(0, integrityAt))
  // The length counts up to the integrity, not what stands behind it (RFC 5389 15.4).
  text.writeUInt16BE(integrityAt + ATTRIBUTE_BYTES - HEADER_BYTES, 2)
  for (const form of ['filled', 'plain'] as const) if (timingSafeEqual(sign(text, password, form), said)) return form
  return null
}

export function encodeSigned(message: StunMessage, password: string, form: IntegrityForm): Buffer {
  const blank = { type: STUN.messageIntegrity, value: Buffer.alloc(20) }
  const bytes = encodeStun({ ...message, attributes: [...message.attributes, blank] })
  const text = bytes.subarray(0, bytes.length - ATTRIBUTE_BYTES)
  sign(text, password, form).copy(bytes, bytes.length - 20)
  return bytes
}

function sign(text: Buffer, password: string, form: IntegrityForm): Buffer {
  const filled = form === 'filled' ? (BLOCK - (text.length % BLOCK)) % BLOCK : 0
  return createHmac('sha1', password).update(text).update(Buffer.alloc(filled)).digest()
}
