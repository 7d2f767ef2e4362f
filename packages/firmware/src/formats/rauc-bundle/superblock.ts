import { refuse } from '../refuse.ts'

export const SUPERBLOCK_BYTES = 96

/** A squashfs begins with this number, 0x73717368 in little endian. */
export const SQUASHFS_MAGIC = Buffer.from('hsqs')

/** What the superblock of a squashfs 4.0 says of the whole: its bytes, without padding, and when it was made. */
export interface Superblock {
  readonly bytesUsed: number
  readonly madeAt: number
}

const MIN_BLOCK_LOG = 12
const MAX_BLOCK_LOG = 20

export function readSuperblock(bytes: Uint8Array): Superblock {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (!Buffer.from(bytes.subarray(0, 4)).equals(SQUASHFS_MAGIC)) refuse('format_malformed', 'no squashfs')
  const [major, minor] = [view.getUint16(28, true), view.getUint16(30, true)]
  if (major !== 4 || minor !== 0) refuse('format_version_not_supported', `squashfs ${major}.${minor}; 4.0 is known`)
  const [blockSize, blockLog] = [view.getUint32(12, true), view.getUint16(22, true)]
  if (blockLog < MIN_BLOCK_LOG || blockLog > MAX_BLOCK_LOG || blockSize !== 2 ** blockLog)
    refuse('format_malformed', `a squashfs with blocks of ${blockSize} bytes, or 2 to the ${blockLog}`)
  const bytesUsed = view.getBigUint64(40, true)
  if (bytesUsed < SUPERBLOCK_BYTES || bytesUsed > Number.MAX_SAFE_INTEGER)
    refuse('format_malformed', `a squashfs of ${bytesUsed} bytes`)
  return { bytesUsed: Number(bytesUsed), madeAt: view.getUint32(8, true) * 1000 }
}
