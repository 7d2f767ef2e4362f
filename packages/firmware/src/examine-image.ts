import { createHash } from 'node:crypto'
import type {
  EmbeddedSignature,
  FormatRefusal,
  ImageFormat,
  ImageParser,
  ImageSource,
  ParsedImage,
  UnsignedSpan,
} from './formats/format.ts'
import type { ImageFacts } from './formats/image-facts.ts'
import { onePass } from './formats/one-pass.ts'
import { parseImage } from './formats/parse-image.ts'
import type { PresentedSignature } from './judge.ts'
import { startSignatureChecks, type DetachedSignature } from './signatures/check-signatures.ts'
import type { PublicKey } from './signatures/public-key.ts'

/** An image that can be read here and there, and from its first to its last byte. */
export interface ExaminedImage extends ImageSource {
  stream(): AsyncIterable<Uint8Array>
}

/** What is asked of an image. */
export interface Examination {
  /** Null: it is what it looks like. */
  readonly declaredFormat: ImageFormat | null
  readonly signatures: readonly DetachedSignature[]
  readonly keys: readonly PublicKey[]
  /** In milliseconds since the epoch. */
  readonly now: number
  /** The formats that are read. Absent: all there are. */
  readonly parsers?: readonly ImageParser[]
}

/** What was found out about an image, before anybody judges it. Plain data: it crosses threads. */
export interface Findings {
  readonly measured: { readonly size: number; readonly sha256: string }
  readonly parsed:
    | {
        readonly kind: 'parsed'
        readonly format: ImageFormat
        readonly facts: ImageFacts
        readonly unsigned: readonly UnsignedSpan[]
      }
    | { readonly kind: 'refused'; readonly code: FormatRefusal; readonly detail: string }
  readonly digests: readonly { readonly what: string; readonly holds: boolean }[]
  readonly detached: readonly PresentedSignature[]
  readonly embedded: readonly EmbeddedFinding[]
}

export interface EmbeddedFinding {
  readonly what: string
  readonly strength: EmbeddedSignature['strength']
  readonly outcome: PresentedSignature['outcome']
}

/**
 * Reads what an image says about itself, then all its bytes once, for its digest, the digests it states, and every
 * signature. One whose format is refused is read to its end all the same: all that is wrong with it is told at once.
 */
export async function examineImage(image: ExaminedImage, asked: Examination): Promise<Findings> {
  const { declaredFormat, signatures, keys, now } = asked
  const parsed = await parseImage(image, declaredFormat, asked.parsers)
  const { digests, signatures: carried } = parsed.kind === 'parsed' ? parsed.image : NOTHING_CARRIED

  const everything = { start: 0, end: image.size }
  const hash = createHash('sha256')
  const detached = startSignatureChecks(signatures, keys, now)
  const stated = digests.map((of) => ({ of, span: of.span, run: of.start() }))
  const embedded = carried.map((of) => ({ of, span: of.over, run: of.start(keys, now) }))
  const size = await onePass(image.stream(), [
    { span: everything, run: hash },
    { span: everything, run: detached },
    ...stated,
    ...embedded,
  ])
  return {
    measured: { size, sha256: hash.digest('hex') },
    parsed: parsed.kind === 'refused' ? parsed : summary(parsed.image),
    digests: await Promise.all(stated.map(async ({ of, run }) => ({ what: of.what, holds: await run.finish() }))),
    detached: await detached.finish(),
    embedded: await Promise.all(
      embedded.map(async ({ of: { what, strength }, run }) => ({ what, strength, outcome: await run.finish() })),
    ),
  }
}

const NOTHING_CARRIED: Pick<ParsedImage, 'digests' | 'signatures'> = { digests: [], signatures: [] }

function summary({ format, facts, unsigned }: ParsedImage): Findings['parsed'] {
  return { kind: 'parsed', format, facts, unsigned }
}
