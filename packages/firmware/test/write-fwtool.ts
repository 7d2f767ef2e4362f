import { crc32 } from 'node:zlib'

/** An image with metadata behind it: `fwtool -I`. */
export function withMetadata(image: Uint8Array, json: string | object): Buffer {
  const text = typeof json === 'string' ? json : JSON.stringify(json)
  return withChunk(image, 1, Buffer.concat([Buffer.alloc(8), Buffer.from(text)]))
}

/** An image with a signature behind it: `fwtool -S`. */
export function withSignature(image: Uint8Array, signature: Uint8Array): Buffer {
  return withChunk(image, 0, signature)
}

export function withChunk(image: Uint8Array, type: number, data: Uint8Array): Buffer {
  const bytes = Buffer.concat([image, data])
  const trailer = Buffer.alloc(16)
  trailer.write('FWx0', 'latin1')
  trailer.writeUInt32BE(~crc32(bytes) >>> 0, 4)
  trailer[8] = type
  trailer.writeUInt32BE(data.length + 16, 12)
  return Buffer.concat([bytes, trailer])
}
