/** Where a datagram came from or goes to; IPv4, which is all that Annex G is about. */
export interface UdpAddress {
  readonly address: string
  readonly port: number
}

const IPV4 = 1
const COOKIE = 0x2112a442

/** The value of MAPPED-ADDRESS and its like (RFC 3489 11.2.1). */
export function encodeAddress({ address, port }: UdpAddress): Buffer {
  const value = Buffer.alloc(8)
  value.writeUInt8(IPV4, 1)
  value.writeUInt16BE(port, 2)
  address.split('.').forEach((part, index) => value.writeUInt8(Number(part), 4 + index))
  return value
}

/** Null for another family or length. */
export function decodeAddress(value: Buffer): UdpAddress | null {
  if (value.length !== 8 || value.readUInt8(1) !== IPV4) return null
  return { address: [...value.subarray(4)].join('.'), port: value.readUInt16BE(2) }
}

/** The value of XOR-MAPPED-ADDRESS (RFC 5389 15.2). */
export function encodeXorAddress(from: UdpAddress): Buffer {
  const value = encodeAddress(from)
  value.writeUInt16BE(value.readUInt16BE(2) ^ (COOKIE >>> 16), 2)
  value.writeUInt32BE((value.readUInt32BE(4) ^ COOKIE) >>> 0, 4)
  return value
}
