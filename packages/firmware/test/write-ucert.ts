import type { SignifyKey } from './signify.ts'

/** Certificates as ucert writes them (ucert.c, libubox blob.h and blobmsg.h). Times in seconds. */
export type Statement =
  | { readonly certtype: 1; readonly validfrom: number; readonly expiresat: number; readonly pubkey: string }
  | { readonly certtype: 2; readonly validfrom: number; readonly fingerprint: string }

export function certificate(signer: SignifyKey, statement: Statement): Buffer {
  return certificateOf(signer, payloadOf(statement))
}

export function certificateOf(signer: SignifyKey, payload: Buffer): Buffer {
  return blob(0, Buffer.concat([blob(0, signer.sign(payload)), blob(1, payload)]))
}

/** What `ucert -A` appends: the signature of the image itself. */
export function imageSignature(signature: Buffer): Buffer {
  return blob(0, blob(0, signature))
}

/** The bytes of a certificate that are signed. */
export function payloadOf(statement: Statement): Buffer {
  const values = Object.entries(statement).map(([name, value]) => {
    if (typeof value === 'string') return blobmsg(3, name, Buffer.from(`${value}\0`))
    return name === 'certtype' ? blobmsg(5, name, int32(value)) : blobmsg(4, name, int64(value))
  })
  return blobmsg(2, 'ucert', Buffer.concat(values))
}

export function blob(id: number, data: Buffer, extended = false): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32BE((((extended ? 0x80 : 0) | id) * 0x1000000 + data.length + 4) >>> 0)
  return filled(Buffer.concat([head, data]))
}

export function blobmsg(type: number, name: string, data: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(name.length)
  return blob(type, Buffer.concat([filled(Buffer.concat([length, Buffer.from(`${name}\0`)])), data]), true)
}

function filled(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(value))
  return bytes
}
