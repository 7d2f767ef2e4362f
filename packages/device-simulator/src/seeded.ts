import { createHash } from 'node:crypto'

/** One number in [0, 1) that depends on nothing but its arguments: the same on every machine and in every run. */
export function draw(...parts: (string | number)[]): number {
  const digest = createHash('sha256').update(parts.join('\u0000')).digest()
  return digest.readUIntBE(0, 6) / 2 ** 48
}

/** A stream of numbers in [0, 1), repeatable from its arguments (mulberry32). */
export function seededRandom(...parts: (string | number)[]): () => number {
  let state = Math.floor(draw(...parts) * 2 ** 32) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** `length` lower-case hexadecimal digits from a stream. */
export function hexDigits(random: () => number, length: number): string {
  let digits = ''
  while (digits.length < length) digits += Math.floor(random() * 16).toString(16)
  return digits
}
