import type { SignedData } from '../../cms/signed-data.ts'
import { cmsSignatures, readEmbeddedCms, unsignedOf } from '../cms-signatures.ts'
import type { ImageParser, ImageSource, ParsedImage, Span } from '../format.ts'
import { NO_FACTS } from '../image-facts.ts'
import { orRefused, refuse } from '../refuse.ts'
import { readManifest, type Manifest } from './manifest.ts'
import { readSuperblock, SQUASHFS_MAGIC, SUPERBLOCK_BYTES, type Superblock } from './superblock.ts'
import { startVerity, VERITY_BLOCK, verityLevels } from './verity.ts'

/** Behind everything else: how long the signature before it is, in big endian. */
const LENGTH_BYTES = 8
/** As RAUC has it by default (max-bundle-signature-size). */
const MAX_SIGNATURE = 64 * 1024

/**
 * A bundle of RAUC (RAUC, reference: bundle formats): a squashfs, the hash tree of a verity bundle, a CMS signature and
 * its length. What is compressed inside stays closed.
 */
export const raucBundle: ImageParser = {
  format: 'rauc_bundle',
  // A squashfs alone begins so too; no bundle of RAUC ends in a length that is larger than its signatures may be.
  recognises: ({ head, tail }) =>
    Buffer.from(head.subarray(0, 4)).equals(SQUASHFS_MAGIC) && endsInLength(tail.subarray(-LENGTH_BYTES)),
  parse: (source) => orRefused(() => readBundle(source)),
}

function endsInLength(bytes: Uint8Array): boolean {
  const length = lengthIn(bytes)
  return length > 0 && length <= MAX_SIGNATURE
}

async function readBundle(source: ImageSource): Promise<ParsedImage> {
  if (source.size < SUPERBLOCK_BYTES + LENGTH_BYTES)
    refuse('format_truncated', `${source.size} bytes, less than a bundle`)
  const superblock = readSuperblock(await source.read({ start: 0, end: SUPERBLOCK_BYTES }))
  const signatureSpan = await findSignature(source)
  const signedData = readEmbeddedCms(await source.read(signatureSpan), { maxBytes: MAX_SIGNATURE })
  if (signedData.signers.length === 0) refuse('format_malformed', 'a signature block that nobody signed')
  const payload = { start: 0, end: signatureSpan.start }
  const kind =
    signedData.content === null
      ? readPlain(signedData, payload, superblock)
      : readVerity(signedData, signedData.content, payload, superblock)
  return { format: 'rauc_bundle', unsigned: unsignedOf(signedData, signatureSpan.start), ...kind }
}

async function findSignature(source: ImageSource): Promise<Span> {
  const end = source.size - LENGTH_BYTES
  const length = lengthIn(await source.read({ start: end, end: source.size }))
  if (length === 0) refuse('format_malformed', 'a bundle without a signature')
  if (length > MAX_SIGNATURE)
    refuse('format_limit_exceeded', `a signature of ${length} bytes; at most ${MAX_SIGNATURE}`)
  if (length > end - SUPERBLOCK_BYTES) refuse('format_span_out_of_range', 'the signature reaches into the superblock')
  const start = end - length
  if (start % VERITY_BLOCK !== 0) refuse('format_malformed', 'the signature does not begin at a block of 4 KiB')
  return { start, end }
}

function lengthIn(bytes: Uint8Array): number {
  if (bytes.length < LENGTH_BYTES) return 0
  return Number(new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0))
}

/** The signature is one over the whole squashfs; the manifest lies inside, compressed, and nobody here opens that. */
function readPlain(signedData: SignedData, payload: Span, superblock: Superblock) {
  mustFill(superblock, payload.end)
  return {
    facts: {
      ...NO_FACTS,
      builtAt: superblock.madeAt,
      more: { bundle_format: 'plain', manifest: 'within the squashfs, not read' },
    },
    digests: [],
    signatures: cmsSignatures(signedData, { what: 'CMS over the squashfs', over: payload }),
  }
}

/** The signature is one over the manifest it holds, which names the root of the hash tree, which covers the rest. */
function readVerity(signedData: SignedData, content: Uint8Array, payload: Span, superblock: Superblock) {
  const { format, verity, facts } = readManifest(content)
  if (format !== 'verity')
    refuse('format_feature_not_supported', `a manifest of format ${format} within the signature; verity is known`)
  if (verity === null) return refuse('format_malformed', 'a verity bundle that does not say its root hash')
  const dataBlocks = dataBlocksOf(verity, payload.end)
  mustFill(superblock, dataBlocks * VERITY_BLOCK)
  const tree = { dataBlocks, salt: Buffer.from(verity.salt, 'hex'), rootHash: Buffer.from(verity.rootHash, 'hex') }
  return {
    facts: { ...facts, builtAt: superblock.madeAt, more: { bundle_format: 'verity', ...facts.more } },
    digests: [{ what: 'dm-verity root hash of the squashfs', span: payload, start: () => startVerity(tree) }],
    signatures: cmsSignatures(signedData, { what: 'CMS over the manifest', over: { start: 0, end: 0 } }),
  }
}

/** A tree has exactly the size that its data asks for: there is no room beside it. */
function dataBlocksOf({ size }: NonNullable<Manifest['verity']>, payloadEnd: number): number {
  if (size === 0 || size % VERITY_BLOCK !== 0)
    refuse('format_malformed', `a hash tree of ${size} bytes, not in blocks of 4 KiB`)
  if (size >= payloadEnd) refuse('format_span_out_of_range', 'the hash tree is larger than what it could cover')
  const dataBlocks = (payloadEnd - size) / VERITY_BLOCK
  const due = verityLevels(dataBlocks).reduce((blocks, level) => blocks + level, 0) * VERITY_BLOCK
  if (size !== due) refuse('format_malformed', `a hash tree of ${size} bytes; ${due} are due`)
  return dataBlocks
}

function mustFill({ bytesUsed }: Superblock, bytes: number): void {
  const padded = Math.ceil(bytesUsed / VERITY_BLOCK) * VERITY_BLOCK
  if (padded > bytes) refuse('format_truncated', `the squashfs has ${bytesUsed} bytes; ${bytes} are there`)
  if (padded < bytes) refuse('format_trailing_bytes', `${bytes - padded} bytes follow the squashfs`)
}
