/** A STUN message (RFC 3489 11, and RFC 5389 6, whose cookie is the head of the transaction id). */
export interface StunMessage {
  readonly type: number
  /** 16 bytes. */
  readonly transactionId: Buffer
  readonly attributes: readonly StunAttribute[]
}

export interface StunAttribute {
  readonly type: number
  readonly value: Buffer
}

export type DecodedStun =
  | {
      readonly kind: 'message'
      readonly message: StunMessage
      /** Where MESSAGE-INTEGRITY starts; what stands behind it was not signed and is left out. */
      readonly integrityAt: number | null
    }
  | { readonly kind: 'malformed'; readonly detail: string }

export const STUN = {
  bindingRequest: 0x0001,
  bindingResponse: 0x0101,
  bindingError: 0x0111,
  mappedAddress: 0x0001,
  responseAddress: 0x0002,
  changeRequest: 0x0003,
  sourceAddress: 0x0004,
  changedAddress: 0x0005,
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  reflectedFrom: 0x000b,
  xorMappedAddress: 0x0020,
  /** TR-069 Annex G, table 107. */
  connectionRequestBinding: 0xc001,
  bindingChange: 0xc002,
} as const

/** What passes everywhere without being cut (RFC 3489 8). */
const MAX_STUN_BYTES = 548
const HEADER_BYTES = 20
const MAX_ATTRIBUTES = 16
const COOKIE = Buffer.from('2112a442', 'hex')
const INTEGRITY_BYTES = 20

/** Strict: whole, aligned, of its stated length, few attributes. Answers, never throws. */
export function decodeStun(bytes: Buffer): DecodedStun {
  if (bytes.length < HEADER_BYTES || bytes.length > MAX_STUN_BYTES) return malformed('its size')
  const type = bytes.readUInt16BE(0)
  if ((type & 0xc000) !== 0) return malformed('its first bits')
  if (bytes.readUInt16BE(2) !== bytes.length - HEADER_BYTES || bytes.length % 4 !== 0) return malformed('its length')
  const attributes: StunAttribute[] = []
  let integrityAt: number | null = null
  for (let at = HEADER_BYTES; at < bytes.length && integrityAt === null;) {
    // Lengths are multiples of four, so the four bytes of an attribute's head are there.
    const length = bytes.readUInt16BE(at + 2)
    const end = at + 4 + length
    if (end > bytes.length) return malformed('an attribute longer than the message')
    if (attributes.length === MAX_ATTRIBUTES) return malformed('too many attributes')
    const attribute = { type: bytes.readUInt16BE(at), value: Buffer.from(bytes.subarray(at + 4, end)) }
    if (attribute.type === STUN.messageIntegrity) {
      if (length !== INTEGRITY_BYTES) return malformed('the length of its integrity')
      integrityAt = at
    }
    attributes.push(attribute)
    at = end + padding(length)
  }
  const message = { type, transactionId: Buffer.from(bytes.subarray(4, HEADER_BYTES)), attributes }
  return { kind: 'message', message, integrityAt }
}

export function encodeStun({ type, transactionId, attributes }: StunMessage): Buffer {
  const parts = attributes.flatMap((attribute) => {
    const head = Buffer.alloc(4)
    head.writeUInt16BE(attribute.type, 0)
    head.writeUInt16BE(attribute.value.length, 2)
    return [head, attribute.value, Buffer.alloc(padding(attribute.value.length))]
  })
  const body = Buffer.concat(parts)
  const header = Buffer.alloc(4)
  header.writeUInt16BE(type, 0)
  header.writeUInt16BE(body.length, 2)
  return Buffer.concat([header, transactionId, body])
}

/** Whether the sender speaks RFC 5389. */
export function hasCookie({ transactionId }: StunMessage): boolean {
  return transactionId.subarray(0, 4).equals(COOKIE)
}

/** The first attribute of a type: the others are to be ignored (RFC 5389 15). */
export function valueOf({ attributes }: StunMessage, type: number): Buffer | undefined {
  return attributes.find((attribute) => attribute.type === type)?.value
}

function padding(length: number): number {
  return (4 - (length % 4)) % 4
}

function malformed(detail: string): DecodedStun {
  return { kind: 'malformed', detail }
}
