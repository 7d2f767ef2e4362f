import { createHmac, timingSafeEqual } from 'node:crypto'

/** A message of classic STUN (RFC 3489 11), as Annex G of TR-069 uses it. */
export interface StunAnswer {
  readonly kind: 'response' | 'error'
  readonly transaction: string
  /** MAPPED-ADDRESS as `host:port`. */
  readonly mapped?: string
  /** ERROR-CODE. */
  readonly code?: number
  /** True when it carries a MESSAGE-INTEGRITY that holds for this password. */
  holds(password: string): boolean
}

export interface BindingOrder {
  /** 32 hexadecimal digits. */
  readonly transaction: string
  readonly username: string
  readonly bindingChanged: boolean
  /** Signs the request; absent where the server has not asked for it. */
  readonly password?: string
}

const TYPE = { request: 0x0001, response: 0x0101, error: 0x0111 } as const
const ATTRIBUTE = { mapped: 0x0001, username: 0x0006, integrity: 0x0008, errorCode: 0x0009 } as const
/** TR-069 table 107. */
const CONNECTION_REQUEST_BINDING = 0xc001
const BINDING_CHANGE = 0xc002
const BINDING_WORDS = Buffer.from('dslforum.org/TR-111 ')
const HEADER_BYTES = 20
const INTEGRITY_BYTES = 24

export function writeBindingRequest(order: BindingOrder): Buffer {
  const attributes = [attribute(CONNECTION_REQUEST_BINDING, BINDING_WORDS)]
  if (order.bindingChanged) attributes.push(attribute(BINDING_CHANGE, Buffer.alloc(0)))
  if (order.username !== '') attributes.push(attribute(ATTRIBUTE.username, paddedText(order.username)))
  const body = Buffer.concat(attributes)
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt16BE(TYPE.request, 0)
  header.writeUInt16BE(body.length + (order.password === undefined ? 0 : INTEGRITY_BYTES), 2)
  header.write(order.transaction, 4, 16, 'hex')
  const message = Buffer.concat([header, body])
  if (order.password === undefined) return message
  return Buffer.concat([message, attribute(ATTRIBUTE.integrity, integrityOf(message, order.password))])
}

export function readStunAnswer(bytes: Buffer): StunAnswer | undefined {
  if (bytes.length < HEADER_BYTES || bytes.readUInt16BE(2) !== bytes.length - HEADER_BYTES) return undefined
  const type = bytes.readUInt16BE(0)
  if (type !== TYPE.response && type !== TYPE.error) return undefined
  let mapped: string | undefined
  let code: number | undefined
  let integrityAt = -1
  for (let at = HEADER_BYTES; at + 4 <= bytes.length;) {
    const name = bytes.readUInt16BE(at)
    const length = bytes.readUInt16BE(at + 2)
    const value = bytes.subarray(at + 4, at + 4 + length)
    if (value.length < length) return undefined
    if (name === ATTRIBUTE.mapped && length >= 8) mapped = `${value.subarray(4, 8).join('.')}:${value.readUInt16BE(2)}`
    if (name === ATTRIBUTE.errorCode && length >= 4) code = (value.readUInt8(2) & 7) * 100 + value.readUInt8(3)
    if (name === ATTRIBUTE.integrity && length === 20) integrityAt = at
    at += 4 + Math.ceil(length / 4) * 4
  }
  return {
    kind: type === TYPE.response ? 'response' : 'error',
    transaction: bytes.subarray(4, HEADER_BYTES).toString('hex'),
    ...(mapped !== undefined && { mapped }),
    ...(code !== undefined && { code }),
    holds: (password) => {
      if (integrityAt < 0) return false
      const given = bytes.subarray(integrityAt + 4, integrityAt + INTEGRITY_BYTES)
      return timingSafeEqual(given, integrityOf(bytes.subarray(0, integrityAt), password))
    },
  }
}

/** HMAC-SHA1 over the message before the attribute, padded with zeros to a multiple of 64 bytes (RFC 3489 11.2.8). */
function integrityOf(message: Buffer, password: string): Buffer {
  const padded = Buffer.alloc(Math.ceil(message.length / 64) * 64)
  message.copy(padded)
  return createHmac('sha1', password).update(padded).digest()
}

function attribute(name: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16BE(name, 0)
  head.writeUInt16BE(value.length, 2)
  return Buffer.concat([head, value])
}

/** With blanks to a multiple of four bytes (TR-069 G.2.1.3). */
function paddedText(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4, ' ')])
}
