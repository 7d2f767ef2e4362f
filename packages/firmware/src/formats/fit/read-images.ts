import { crc32Check, hashCheck, type HashName } from '../digest-checks.ts'
import type { Span, SpanCheck } from '../format.ts'
import { refuse } from '../refuse.ts'
import type { FdtLayout } from './fdt-header.ts'
import { bytesOf, stringOf, wordOf } from './fdt-values.ts'
import type { FdtNode } from './read-fdt.ts'

/** The hashes mkimage writes, and their lengths in bytes. `strong`: none has yet found two images of one hash. */
const HASHES: Readonly<Record<HashName, { readonly length: number; readonly strong: boolean }>> = {
  md5: { length: 16, strong: false },
  sha1: { length: 20, strong: false },
  sha256: { length: 32, strong: true },
  sha384: { length: 48, strong: true },
  sha512: { length: 64, strong: true },
}

/** Each runs over all the data of its image; mkimage is asked for one or two. */
const MOST_HASHES = 8

export interface FitImage {
  readonly node: FdtNode
  readonly data: Span
  /** Whether its data lies outside the tree. */
  readonly apart: boolean
  readonly hashes: readonly FitHash[]
}

export interface FitHash {
  readonly node: FdtNode
  readonly check: SpanCheck<boolean>
  readonly strong: boolean
  /** In hexadecimal; null: it is another hash. */
  readonly sha256: string | null
}

/** The images of a FIT and what is stated about their data, in the order of their nodes. */
export function readImages(root: FdtNode, layout: FdtLayout, size: number): readonly FitImage[] {
  const images = root.children.get('images') ?? refuse('format_malformed', 'a tree without /images is no FIT')
  return [...images.children.values()].map((node) => {
    const data = dataOf(node, layout)
    if (data.end > size) refuse('format_span_out_of_range', `${node.path} reaches up to ${data.end} of ${size} bytes`)
    if (node.children.size > MOST_HASHES)
      refuse('format_limit_exceeded', `${node.path} has ${node.children.size} hashes`)
    const hashes = [...node.children.values()].map((child) => readHash(child, node, data))
    return { node, data, apart: !node.properties.has('data'), hashes }
  })
}

/** Within the tree, or after it: from the end of the tree on, or at a place in the file (`mkimage -E`, `-p`). */
function dataOf(node: FdtNode, layout: FdtLayout): Span {
  const within = node.properties.get('data')
  const [offset, position] = [wordOf(node, 'data-offset'), wordOf(node, 'data-position')]
  const length = wordOf(node, 'data-size')
  if ([within ?? null, offset, position].filter((place) => place !== null).length !== 1)
    refuse('format_malformed', `${node.path} has its data at no place, or at more than one`)
  if ((length === null) !== (within !== undefined))
    refuse('format_malformed', `${node.path} has to say how long its data is where that lies apart, and only there`)
  if (within !== undefined) return within.value
  const start = position ?? Math.ceil(layout.end / 4) * 4 + offset!
  return { start, end: start + length! }
}

function readHash(node: FdtNode, image: FdtNode, data: Span): FitHash {
  // A signature over one image does not say which images belong together, and what is encrypted cannot be looked at.
  if (!node.name.startsWith('hash')) refuse('format_feature_not_supported', `${node.path} is no hash`)
  const algorithm = stringOf(node, 'algo')
  const stated = bytesOf(node, 'value')
  // A device passes over a hash with `uboot-ignore` (U-Boot, include/image.h: IMAGE_ENABLE_IGNORE).
  if (algorithm === null || stated === null || node.children.size > 0 || node.properties.has('uboot-ignore'))
    refuse('format_malformed', `${node.path} is not what mkimage makes of a hash`)
  const what = `${algorithm} of ${image.name}`
  if (algorithm === 'crc32' && stated.length === 4)
    return { node, check: crc32Check(what, data, stated.readUInt32BE()), strong: false, sha256: null }
  if (!isHash(algorithm)) refuse('format_feature_not_supported', `${node.path} is ${algorithm}`)
  const { length, strong } = HASHES[algorithm]
  if (stated.length !== length) refuse('format_malformed', `${node.path} has ${stated.length} bytes`)
  const sha256 = algorithm === 'sha256' ? stated.toString('hex') : null
  return { node, check: hashCheck(what, data, algorithm, stated), strong, sha256 }
}

function isHash(name: string): name is HashName {
  return Object.hasOwn(HASHES, name)
}
