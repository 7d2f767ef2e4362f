import { crc32 } from 'node:zlib'
import { crc32Check, foundCheck } from './digest-checks.ts'
import type { ImageParser, ImageSource, ParsedImage } from './format.ts'
import { NO_FACTS, type ImageMember } from './image-facts.ts'
import { orRefused, refuse } from './refuse.ts'
import { readText } from './checked-text.ts'

const MAGIC = 0x27051956
const HEADER_BYTES = 64
const HEADER = { start: 0, end: HEADER_BYTES }
/** IH_TYPE_MULTI: a list of sizes, then the parts, each padded to four bytes. */
const MULTI = 4
const MOST_PARTS = 32

/** By their numbers (U-Boot, include/image.h): those that firmware of access devices is made of. */
const OPERATING_SYSTEMS: Readonly<Record<number, string>> = { 0: 'invalid', 5: 'linux', 17: 'u-boot' }
const ARCHITECTURES: Readonly<Record<number, string>> = {
  2: 'arm',
  3: 'x86',
  5: 'mips',
  6: 'mips64',
  7: 'powerpc',
  22: 'arm64',
  24: 'x86_64',
  26: 'riscv',
}
const TYPES: Readonly<Record<number, string>> = {
  1: 'standalone',
  2: 'kernel',
  3: 'ramdisk',
  4: 'multi',
  5: 'firmware',
  6: 'script',
  7: 'filesystem',
  8: 'flat_dt',
}
const COMPRESSIONS: Readonly<Record<number, string>> = {
  0: 'none',
  1: 'gzip',
  2: 'bzip2',
  3: 'lzma',
  4: 'lzo',
  5: 'lz4',
  6: 'zstd',
}

/** The legacy image of U-Boot: a header of 64 bytes, then the data; a CRC-32 for each, and no signature. */
export const uimage: ImageParser = {
  format: 'uimage',
  recognises: ({ head }) => head.length >= 4 && Buffer.from(head).readUInt32BE(0) === MAGIC,
  parse: (source) => orRefused(() => read(source)),
}

async function read(source: ImageSource): Promise<ParsedImage> {
  if (source.size < HEADER_BYTES)
    refuse('format_truncated', `${source.size} bytes; the header alone has ${HEADER_BYTES}`)
  const header = Buffer.from(await source.read(HEADER))
  const size = header.readUInt32BE(12)
  const data = { start: HEADER_BYTES, end: HEADER_BYTES + size }
  if (data.end > source.size) refuse('format_truncated', `the header promises ${size} bytes of data`)
  if (data.end < source.size) refuse('format_trailing_bytes', `${source.size - data.end} bytes after the data`)
  const name = readName(header)
  const builtAt = header.readUInt32BE(8)
  return {
    format: 'uimage',
    facts: {
      ...NO_FACTS,
      description: name,
      builtAt: builtAt === 0 ? null : builtAt * 1_000,
      members: header[30] === MULTI ? await readParts(source, size) : [{ name: name ?? 'data', size, sha256: null }],
      more: {
        os: named(OPERATING_SYSTEMS, header[28]!),
        arch: named(ARCHITECTURES, header[29]!),
        type: named(TYPES, header[30]!),
        compression: named(COMPRESSIONS, header[31]!),
      },
    },
    digests: [
      foundCheck('crc32 of the header', HEADER, crcOfHeader(header) === header.readUInt32BE(4)),
      crc32Check('crc32 of the data', data, header.readUInt32BE(24)),
    ],
    signatures: [],
    unsigned: [],
  }
}

/** Over the header as it was before it knew its CRC. */
function crcOfHeader(header: Buffer): number {
  return crc32(Buffer.from(header).fill(0, 4, 8))
}

/** 32 bytes, filled up with NUL. */
function readName(header: Buffer): string | null {
  const field = header.subarray(32, HEADER_BYTES)
  const end = field.indexOf(0)
  return readText(end < 0 ? field : field.subarray(0, end), 'the name') || null
}

async function readParts(source: ImageSource, size: number): Promise<ImageMember[]> {
  const listBytes = Math.min(size, 4 * (MOST_PARTS + 1))
  const list = Buffer.from(await source.read({ start: HEADER_BYTES, end: HEADER_BYTES + listBytes }))
  const sizes: number[] = []
  for (let at = 0; ; at += 4) {
    if (at + 4 > list.length) refuse('format_limit_exceeded', `no end of the list of parts within ${listBytes} bytes`)
    const part = list.readUInt32BE(at)
    if (part === 0) break
    sizes.push(part)
  }
  const padded = sizes.reduce((sum, part) => sum + Math.ceil(part / 4) * 4, 4 * (sizes.length + 1))
  // Whether the last part is padded depends on how mkimage was called.
  const exact = padded - ((4 - ((sizes.at(-1) ?? 0) % 4)) % 4)
  if (size !== padded && size !== exact) refuse('format_malformed', `parts of ${padded} bytes in ${size}`)
  return sizes.map((part, at) => ({ name: `part ${at}`, size: part, sha256: null }))
}

function named(names: Readonly<Record<number, string>>, number: number): string {
  return names[number] ?? String(number)
}
