import { expect } from 'vitest'
import { lookAtImage, type Looked, type Vector } from './look-at-image.ts'

/** Each bit of a byte, and all of them. */
const FLIPS = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff]

/**
 * Asserts that the vector is in order, and that no byte of it can be changed unnoticed, its SHA-256 put aside: the image
 * is refused, or a digest or a signature is false, or the byte lies in a span that the format lists as unsigned, and then
 * nothing that the image says about itself has changed.
 */
export async function expectEveryFlipNoticed(vector: Vector): Promise<void> {
  const original = await lookAtImage(vector)
  expect(original, vector.name).toMatchObject({ kind: 'parsed', false: [] })
  if (original.kind !== 'parsed') return
  if (vector.keys.length > 0) expect(original.verified, `${vector.name} is signed`).not.toEqual([])
  const unnoticed: string[] = []
  for (let at = 0; at < vector.bytes.length; at += 1) {
    for (const flip of FLIPS) {
      const bytes = vector.bytes.slice()
      bytes[at]! ^= flip
      const said = complaint(original, await lookAtImage({ ...vector, bytes }), at)
      if (said !== null) unnoticed.push(`byte ${at} ^ 0x${flip.toString(16)}: ${said}`)
    }
  }
  expect(unnoticed, vector.name).toEqual([])
}

function complaint(original: Looked & { kind: 'parsed' }, looked: Looked, at: number): string | null {
  if (looked.kind === 'refused' || looked.false.length > 0) return null
  const listed = original.image.unsigned.some(({ span }) => span.start <= at && at < span.end)
  if (!listed) return 'accepted, and not listed as unsigned'
  const same = JSON.stringify(looked.image.facts) === JSON.stringify(original.image.facts)
  return same ? null : 'listed as unsigned, and changes a fact'
}
