import type { ImageParser, ImageSource, ParsedImage } from '../format.ts'
import { NO_FACTS } from '../image-facts.ts'
import { orRefused } from '../refuse.ts'
import { readChain } from './certificates.ts'
import { chainSignature } from './chain-signature.ts'
import { MAGIC, readChunks, TRAILER_BYTES } from './chunks.ts'
import { factsOfMetadata } from './metadata.ts'

/**
 * Images of OpenWrt and prplOS for `sysupgrade`: whatever a board boots, then what fwtool appended, metadata and a
 * signature. An image without either is not recognised.
 */
export const openwrtSysupgrade: ImageParser = {
  format: 'openwrt_sysupgrade',
  recognises: ({ tail }) =>
    tail.length >= TRAILER_BYTES && Buffer.from(tail).readUInt32BE(tail.length - TRAILER_BYTES) === MAGIC,
  parse: (source) => orRefused(() => read(source)),
}

async function read(source: ImageSource): Promise<ParsedImage> {
  const chunks = await readChunks(source)
  const metadata = chunks.find(({ kind }) => kind === 'metadata')
  const signature = chunks.find(({ kind }) => kind === 'signature')
  return {
    format: 'openwrt_sysupgrade',
    facts: {
      ...(metadata ? factsOfMetadata(metadata.data) : NO_FACTS),
      reboots: true,
      members: [{ name: 'image', size: chunks[0]!.span.start, sha256: null }],
    },
    digests: chunks.map(({ crc }) => crc),
    signatures: signature ? [chainSignature(readChain(signature.data), signature.span.start)] : [],
    unsigned: [],
  }
}
