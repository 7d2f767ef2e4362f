import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

const DAY_S = 86_400

/** A key as usign has it: its file, and those of its signatures. */
export interface UsignKey {
  readonly text: string
  sign(bytes: Uint8Array): Buffer
}

export function usignKey(): UsignKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const number = randomBytes(8)
  const file = (bytes: Uint8Array) =>
    `untrusted comment: test\n${Buffer.concat([Buffer.from('Ed'), number, bytes]).toString('base64')}\n`
  return {
    text: file(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)),
    sign: (bytes) => Buffer.from(file(sign(null, bytes, privateKey))),
  }
}

/** As ucert writes it (ucert.c): certificates from key to key, then the signature of the image by the last of them. */
export function ucert(keys: readonly UsignKey[], image: Uint8Array): Buffer {
  const certificates = keys.slice(1).map((key, at) => certificate(keys[at]!, key))
  return Buffer.concat([...certificates, blob(0, blob(0, keys.at(-1)!.sign(image)))])
}

function certificate(by: UsignKey, key: UsignKey): Buffer {
  const now = Math.floor(Date.now() / 1_000)
  const says = [
    blobmsg(5, 'certtype', int32(1)),
    blobmsg(4, 'validfrom', int64(now - DAY_S)),
    blobmsg(4, 'expiresat', int64(now + DAY_S)),
    blobmsg(3, 'pubkey', Buffer.from(`${key.text}\0`)),
  ]
  const payload = blobmsg(2, 'ucert', Buffer.concat(says))
  return blob(0, Buffer.concat([blob(0, by.sign(payload)), blob(1, payload)]))
}

/** Of libubox (blob.h, blobmsg.h): a word of flag, id and length, then the data, filled up to four bytes. */
function blob(id: number, data: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(id * 0x1000000 + data.length + 4)
  return filled(Buffer.concat([head, data]))
}

function blobmsg(type: number, name: string, data: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(name.length)
  return blob(0x80 + type, Buffer.concat([filled(Buffer.concat([length, Buffer.from(`${name}\0`)])), data]))
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
