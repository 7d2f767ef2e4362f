import {
  onePass,
  parseImage,
  startSignatureChecks,
  type DetachedSignature,
  type FormatRefusal,
  type ImageFormat,
  type ParsedImage,
  type PresentedSignature,
  type PublicKey,
} from '../src/index.ts'
import { countedImage } from './counted-image.ts'

/** A small image that is in order, and what it is looked at with. */
export interface Vector {
  readonly name: string
  /** As it is declared: an image that no longer looks like it is refused. */
  readonly format: ImageFormat
  readonly bytes: Uint8Array
  /** The trust store. */
  readonly keys: readonly PublicKey[]
  readonly detached?: readonly DetachedSignature[]
  /** Milliseconds since the epoch; 2026-11-30 where absent. */
  readonly now?: number
}

export type Looked =
  | { readonly kind: 'refused'; readonly code: FormatRefusal; readonly detail: string }
  | {
      readonly kind: 'parsed'
      readonly image: ParsedImage
      /** What does not hold, by the name of the check. Empty: every digest holds and every signature is verified. */
      readonly false: readonly string[]
      readonly verified: readonly { readonly what: string; readonly keyId: string }[]
    }

const NOW = Date.UTC(2026, 10, 30)

/** Everything that is looked at but the image's own SHA-256: what the format says, its digests, all signatures. */
export async function lookAtImage(vector: Vector): Promise<Looked> {
  const parsed = await parseImage(countedImage(vector.bytes), vector.format)
  return parsed.kind === 'refused' ? parsed : checkImage(parsed.image, vector)
}

/** The digests and signatures of an image that was read, and those that lie beside it. */
export async function checkImage(
  image: ParsedImage,
  { bytes, keys, detached = [], now = NOW }: Vector,
): Promise<Looked & { kind: 'parsed' }> {
  const digests = image.digests.map(({ what, span, start }) => ({ what, span, run: start() }))
  const carried = image.signatures.map(({ what, over, start }) => ({ what, span: over, run: start(keys, now) }))
  const apart = startSignatureChecks(detached, keys, now)
  await onePass(inPieces(bytes), [...digests, ...carried, { span: { start: 0, end: bytes.length }, run: apart }])
  const held = await Promise.all(digests.map(async ({ what, run }) => ({ what, holds: await run.finish() })))
  const presented = [
    ...(await Promise.all(carried.map(async ({ what, run }) => ({ what, outcome: await run.finish() })))),
    ...(await apart.finish()).map(({ algorithm, outcome }) => ({ what: `detached ${algorithm}`, outcome })),
  ]
  return {
    kind: 'parsed',
    image,
    false: [
      ...held.flatMap(({ what, holds }) => (holds ? [] : [what])),
      ...presented.flatMap(({ what, outcome }) => (outcome.kind === 'failed' ? [`${what}: ${outcome.code}`] : [])),
    ],
    verified: presented.flatMap(({ what, outcome }) => verifiedBy(what, outcome)),
  }
}

function verifiedBy(what: string, outcome: PresentedSignature['outcome']) {
  return outcome.kind === 'verified' ? [{ what, keyId: outcome.keyId }] : []
}

/** In pieces of an odd size, so that spans begin and end within them. */
async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 997) yield bytes.subarray(at, at + 997)
}
