import { crc32 } from 'node:zlib'

const SIGNATURE = 0
const INFO = 1

/** An OpenWrt image as fwtool makes it: bytes, then what it says of itself. */
export function sysupgrade(bytes: Uint8Array, metadata: Readonly<Record<string, unknown>>): Buffer {
  return withChunk(bytes, INFO, Buffer.concat([Buffer.alloc(8), Buffer.from(JSON.stringify(metadata))]))
}

/** The same with a signature behind it. */
export function withSignature(image: Uint8Array, signature: Uint8Array): Buffer {
  return withChunk(image, SIGNATURE, signature)
}

/** Each chunk ends with a sum of everything before. */
function withChunk(bytes: Uint8Array, type: number, data: Uint8Array): Buffer {
  const said = Buffer.concat([bytes, data])
  const trailer = Buffer.alloc(16)
  trailer.write('FWx0')
  // fwtool leaves out the last step of CRC-32.
  trailer.writeUInt32BE(~crc32(said) >>> 0, 4)
  trailer.writeUInt8(type, 8)
  trailer.writeUInt32BE(data.length + trailer.length, 12)
  return Buffer.concat([said, trailer])
}

export const METADATA = {
  metadata_version: '1.1',
  compat_version: '1.1',
  compat_message: 'the switch is driven otherwise',
  new_supported_devices: ['acme,router-1', 'acme,router-2'],
  supported_devices: ['see the message'],
  version: { dist: 'OpenWrt', version: '23.05.3', revision: 'r23809', target: 'ath79/generic', board: 'acme_router-1' },
} as const
