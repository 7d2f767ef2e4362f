import { decodePost } from '../src/index.ts'
import type { Sample } from './corpus.ts'
import { createDice, mutate } from './mutate.ts'

export interface MutantReport {
  readonly mutants: number
  readonly seed: number
  /** How many of each answer: empty, envelopes, or the code of a refusal. */
  readonly verdicts: Readonly<Record<string, number>>
  readonly slowestMs: number
  readonly seconds: number
  /** After a collection, before the first and after the last. */
  readonly heapBefore: number
  readonly heapAfter: number
}

/** Mutants of the samples, all from one seed: each must be answered. A throw goes through, naming its mutant. */
export function tryMutants(corpus: readonly Sample[], mutants: number, seed: number): MutantReport {
  const dice = createDice(seed)
  const verdicts = new Map<string, number>()
  const heapBefore = heapInUse()
  const started = performance.now()
  let slowestMs = 0
  for (let number = 0; number < mutants; number += 1) {
    const { name, body, contentType } = corpus[dice(corpus.length)]!
    const bytes = mutate(body, corpus[dice(corpus.length)]!.body, dice)
    const at = performance.now()
    const verdict = verdictOf(bytes, contentType, `mutant ${number} of seed ${seed}, made of ${name}`)
    slowestMs = Math.max(slowestMs, performance.now() - at)
    verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1)
  }
  return {
    mutants,
    seed,
    verdicts: Object.fromEntries([...verdicts].toSorted(([, a], [, b]) => b - a)),
    slowestMs,
    seconds: (performance.now() - started) / 1_000,
    heapBefore,
    heapAfter: heapInUse(),
  }
}

function verdictOf(bytes: Buffer, contentType: string | undefined, name: string): string {
  try {
    const post = decodePost(bytes, contentType)
    return post.kind === 'malformed' ? post.code : post.kind
  } catch (error) {
    throw new Error(`${name} was not answered`, { cause: error })
  }
}

function heapInUse(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
