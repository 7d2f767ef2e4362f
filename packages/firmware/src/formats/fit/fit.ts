import { zerosCheck } from '../digest-checks.ts'
import type { ImageParser, ImageSource, ParsedImage, Span, UnsignedSpan } from '../format.ts'
import { NO_FACTS, type ImageFacts } from '../image-facts.ts'
import { readAhead } from '../read-ahead.ts'
import { orRefused, refuse } from '../refuse.ts'
import { overlap, united, without } from '../spans.ts'
import { FDT_MAGIC, readFdtHeader, TOTAL_SIZE_WORD, type FdtLayout } from './fdt-header.ts'
import { stringOf, wordOf } from './fdt-values.ts'
import type { FdtProperty } from './fdt-tokens.ts'
import { readConfigurations, type FitConfiguration } from './read-configurations.ts'
import { readFdt, type Fdt, type FdtNode } from './read-fdt.ts'
import { readImages, type FitImage } from './read-images.ts'
import { readSignatures } from './read-signatures.ts'
import { saysWhereDataIs } from './signed-tokens.ts'

/** The flattened image tree of U-Boot: images, their hashes, and configurations that say which belong together. */
export const fit: ImageParser = {
  format: 'fit',
  recognises: ({ head }) => head.length >= 4 && Buffer.from(head).readUInt32BE(0) === FDT_MAGIC,
  parse: (source) => orRefused(() => read(readAhead(source))),
}

async function read(source: ImageSource): Promise<ParsedImage> {
  const layout = await readFdtHeader(source)
  const fdt = await readFdt(source, layout)
  refuseStrangers(fdt.root)
  refuseStrayData(fdt.root)
  const images = readImages(fdt.root, layout, source.size)
  const configurations = readConfigurations(fdt.root)
  const apart = images.filter((image) => image.apart).map(({ data }) => data)
  if (overlap([{ start: 0, end: layout.end }, ...apart])) refuse('format_spans_overlap', 'images overlap, or the tree')
  const { signatures, signed } = await readSignatures(source, layout, fdt, configurations, images)
  const room = without({ start: layout.strings.end, end: source.size }, apart)
  return {
    format: 'fit',
    facts: factsOf(fdt.root, images, configurations),
    digests: [
      ...images.flatMap(({ hashes }) => hashes.map(({ check }) => check)),
      ...room.map((span) => zerosCheck('zeros between the parts', span)),
    ],
    signatures,
    unsigned: signatures.length > 0 ? besideSignatures(fdt, layout, signed) : withoutSignatures(layout, images),
  }
}

function refuseStrangers({ children }: FdtNode): void {
  const stranger = children.values().find(({ name }) => name !== 'images' && name !== 'configurations')
  if (stranger) refuse('format_feature_not_supported', `${stranger.path} is no part of a FIT`)
}

/** What data is and where it lies is hashed in place of being signed, and only that of images. */
function refuseStrayData(node: FdtNode): void {
  const stray = /^\/images\/[^/]+$/.test(node.path) ? undefined : node.properties.values().find(saysWhereDataIs)
  if (stray) refuse('format_malformed', `${node.path} is no image and has ${stray.name}`)
  for (const child of node.children.values()) refuseStrayData(child)
}

function factsOf(root: FdtNode, images: readonly FitImage[], configurations: readonly FitConfiguration[]): ImageFacts {
  const builtAt = wordOf(root, 'timestamp')
  const boards = [...new Set(configurations.flatMap(({ compatible }) => compatible))]
  return {
    ...NO_FACTS,
    description: stringOf(root, 'description'),
    builtAt: builtAt === null ? null : builtAt * 1_000,
    boards: boards.length > 0 ? boards : null,
    members: images
      .toSorted((a, b) => a.data.start - b.data.start)
      .map(({ node, data, hashes }) => ({
        name: node.name,
        size: data.end - data.start,
        sha256: hashes.find(({ sha256 }) => sha256 !== null)?.sha256 ?? null,
      })),
    more: configurations.length > 0 ? { configurations: configurations.map(({ node }) => node.name).join(', ') } : {},
  }
}

/** Of a FIT with signatures: what they leave out, and no hash covers. */
function besideSignatures({ root }: Fdt, { strings }: FdtLayout, signed: readonly Span[]): UnsignedSpan[] {
  const because = (why: string) => (span: Span) => ({ span, why })
  // A token is signed whole or not at all.
  const signedFrom = new Set(signed.map(({ start }) => start))
  const properties = ({ properties: own, children }: FdtNode): Span[] => [
    ...[...own.values()].filter(({ token }) => !signedFrom.has(token.span.start)).map(unhashedOf),
    ...children.values().flatMap(properties),
  ]
  const left = united(properties(root))
  return [
    because('how much room the tree has: where its parts end is known without it')(TOTAL_SIZE_WORD),
    ...left.map(because('signatures and what is noted beside them, which configuration is the default, filling')),
    ...without(strings, signed).map(because('names that only signatures use')),
  ]
}

/** Of data its hash covers all, and of what says where it is: but for what fills it up to four bytes. */
function unhashedOf(property: FdtProperty): Span {
  const { token, value } = property
  return saysWhereDataIs(property) ? { start: value.end, end: token.span.end } : token.span
}

/** Of a FIT without: all but the data that a hash covers, until somebody signs the whole file. */
function withoutSignatures({ strings }: FdtLayout, images: readonly FitImage[]): UnsignedSpan[] {
  const hashed = images.filter(({ hashes }) => hashes.length > 0).map(({ data }) => data)
  const why = 'the FIT carries no signature: only a detached one covers it'
  const bare = images.filter(({ hashes }) => hashes.length === 0).map(({ data }) => data)
  return united([...without({ start: 0, end: strings.end }, hashed), ...bare]).map((span) => ({ span, why }))
}
