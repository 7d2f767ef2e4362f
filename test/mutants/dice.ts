import { hash } from 'node:crypto'

/** A whole number from 0, below its argument. */
export type Dice = (below: number) => number

/** The dice of one mutant: whatever the others threw, and however many ran beside it, it is the same one again. */
export function diceOf(seed: number, mutant: number): Dice {
  let state = Number.parseInt(hash('sha256', `${seed} ${mutant}`).slice(0, 8), 16) || 1
  // xorshift (Marsaglia 2003).
  return (below) => {
    state ^= state << 13
    state >>>= 0
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state % below
  }
}

export function oneOf<T>(dice: Dice, choices: readonly T[]): T {
  return choices[dice(choices.length)]!
}
