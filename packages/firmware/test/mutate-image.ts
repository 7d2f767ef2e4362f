import { createHash } from 'node:crypto'

/** A whole number from 0, below its argument. */
export type Dice = (below: number) => number

/** The dice of one mutant: the same on every machine, whatever other mutants were made (xorshift, Marsaglia 2003). */
export function diceOf(seed: number, number: number): Dice {
  let state = createHash('sha256').update(`${seed} ${number}`).digest().readUInt32BE() || 1
  return (below) => {
    state ^= state << 13
    state >>>= 0
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state % below
  }
}

/** Lengths and offsets as attackers like them: none, one, just too much, the greatest, those that turn negative. */
const NUMBERS = [0, 1, 3, 4, 7, 15, 16, 0x7f, 0xff, 0x1000, 0xffff, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff]
const WORDS = [
  '../',
  '/',
  '\0',
  '..',
  '{',
  '[[[[[[[[',
  '"',
  'FWx0',
  '0707',
  '-----BEGIN',
  '\xd0\x0d\xfe\xed',
  '\x27\x05\x19\x56',
]

/** One to four changes: cut, cut short, doubled, moved, one bit, another number, a word, a piece of another image, noise. */
export function mutateImage(original: Uint8Array, other: Uint8Array, dice: Dice): Buffer {
  let bytes = Buffer.from(original)
  for (let changes = 1 + dice(4); changes > 0; changes -= 1) bytes = change(bytes, Buffer.from(other), dice)
  return bytes
}

function change(bytes: Buffer, other: Buffer, dice: Dice): Buffer<ArrayBuffer> {
  // Half of the changes are where lengths and offsets are: at the beginning and at the end.
  const near = Math.min(bytes.length, 160)
  const at = [dice(near + 1), bytes.length - dice(near + 1), dice(bytes.length + 1), dice(bytes.length + 1)][dice(4)]!
  const length = Math.min(bytes.length - at, 1 + dice(dice(4) === 0 ? 400 : 8))
  const [before, piece, after] = [bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at + length)]
  switch (dice(10)) {
    case 0:
      return Buffer.concat([before, after])
    case 1:
      return Buffer.from(dice(2) === 0 ? before : bytes.subarray(at))
    case 2:
      return Buffer.concat([before, piece, piece, after])
    case 3:
      return Buffer.concat([after, piece, before])
    case 4: {
      const from = dice(other.length + 1)
      return Buffer.concat([before, other.subarray(from, from + 1 + dice(200)), after])
    }
    case 5:
      return Buffer.concat([before, Buffer.from(WORDS[dice(WORDS.length)]!, 'latin1'), after])
    case 6:
      return Buffer.concat([before, noise(piece.length, dice), after])
    case 7:
      return withNumber(bytes, at - (at % 4), NUMBERS[dice(NUMBERS.length)]!)
    case 8:
      return withNumber(bytes, at - (at % 4), dice(2 * bytes.length + 1))
    default:
      return withBit(bytes, at, dice(8))
  }
}

export function noise(length: number, dice: Dice): Buffer {
  return Buffer.from(Array.from({ length }, () => dice(256)))
}

function withNumber(bytes: Buffer, at: number, number: number): Buffer<ArrayBuffer> {
  const changed = Buffer.from(bytes)
  if (at + 4 <= changed.length) changed.writeUInt32BE(number, at)
  return changed
}

function withBit(bytes: Buffer, at: number, bit: number): Buffer<ArrayBuffer> {
  const changed = Buffer.from(bytes)
  if (at < changed.length) changed[at]! ^= 1 << bit
  return changed
}
