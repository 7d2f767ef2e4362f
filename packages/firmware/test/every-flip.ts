import { lookAtImage, type Looked, type Vector } from './look-at-image.ts'

/**
 * Which bits of a byte are turned at a time. `some`: all of them, one that is another at each byte, and its neighbour;
 * `all`: each of the 255 ways in which a byte can be another.
 */
export type Flips = 'some' | 'all'

/**
 * The changes of one byte that go unnoticed, the image's own SHA-256 put aside, in sentences. A change is noticed where
 * the image is refused, or a digest or a signature is false; and it need not be where the byte lies in a span that the
 * format lists as unsigned, and nothing that the image says about itself has changed. A vector that is not in order is
 * told too.
 */
export async function unnoticedFlips(vector: Vector, flips: Flips): Promise<readonly string[]> {
  const original = await lookAtImage(vector)
  if (original.kind === 'refused') return [`refused: ${original.code}, ${original.detail}`]
  if (original.false.length > 0) return original.false
  if (vector.keys.length > 0 && original.verified.length === 0) return ['there are keys, and no signature']
  const unnoticed: string[] = []
  for (let at = 0; at < vector.bytes.length; at += 1) {
    for (const flip of flipsAt(at, flips)) {
      const bytes = Buffer.from(vector.bytes)
      bytes[at]! ^= flip
      const said = complaint(original, await lookAtImage({ ...vector, bytes }), at)
      if (said !== null) unnoticed.push(`byte ${at} ^ 0x${flip.toString(16)}: ${said}`)
    }
  }
  return unnoticed
}

function flipsAt(at: number, flips: Flips): readonly number[] {
  if (flips === 'all') return Array.from({ length: 255 }, (_, index) => index + 1)
  return [0xff, 1 << (at % 8), 1 << ((at + 1) % 8)]
}

function complaint(original: Looked & { kind: 'parsed' }, looked: Looked, at: number): string | null {
  if (looked.kind === 'refused' || looked.false.length > 0) return null
  const listed = original.image.unsigned.some(({ span }) => span.start <= at && at < span.end)
  if (!listed) return 'accepted, and not listed as unsigned'
  const same = JSON.stringify(looked.image.facts) === JSON.stringify(original.image.facts)
  return same ? null : 'listed as unsigned, and changes a fact'
}
