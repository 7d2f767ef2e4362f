import { parseImage } from '../src/index.ts'
import { countedImage } from './counted-image.ts'
import { checkImage, type Vector } from './look-at-image.ts'
import { diceOf, mutateImage, noise } from './mutate-image.ts'

export interface MutantReport {
  readonly format: string
  readonly mutants: number
  readonly seed: number
  /** How many were read, and how many refused, by code. Of those that were read, everything is checked too. */
  readonly verdicts: Readonly<Record<string, number>>
  /** By one image. */
  readonly mostReads: number
  readonly longestRead: number
  readonly slowestMs: number
  readonly seconds: number
  /** After a collection, before the first and after the last; in bytes. */
  readonly heapBefore: number
  readonly heapAfter: number
}

/**
 * Mutants of the vectors of one format, all from one seed, one in sixteen of them noise: each must be read or refused,
 * within the reads that any reader may make. A throw goes through, naming its mutant.
 */
export async function tryMutants(
  vectors: readonly Vector[],
  others: readonly Vector[],
  mutants: number,
  seed: number,
): Promise<MutantReport> {
  const verdicts = new Map<string, number>()
  const heapBefore = heapInUse()
  const started = performance.now()
  let [mostReads, longestRead, slowestMs] = [0, 0, 0]
  for (let number = 0; number < mutants; number += 1) {
    const dice = diceOf(seed, number)
    const vector = vectors[dice(vectors.length)]!
    const { name, format, bytes } = vector
    const other = others[dice(others.length)]!.bytes
    const mutant = dice(16) === 0 ? noise(dice(600), dice) : mutateImage(bytes, other, dice)
    const image = countedImage(mutant)
    const at = performance.now()
    const look = async () => {
      const parsed = await parseImage(image, dice(4) === 0 ? null : format)
      if (parsed.kind === 'parsed') await checkImage(parsed.image, { ...vector, bytes: mutant })
      return parsed
    }
    const parsed = await look().catch((error: unknown) => {
      throw new Error(`mutant ${number} of seed ${seed}, made of ${name}, was neither read nor refused`, {
        cause: error,
      })
    })
    slowestMs = Math.max(slowestMs, performance.now() - at)
    const { reads, longest } = image.told()
    mostReads = Math.max(mostReads, reads)
    longestRead = Math.max(longestRead, longest)
    const verdict = parsed.kind === 'refused' ? parsed.code : `read as ${parsed.image.format}`
    verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1)
  }
  return {
    format: vectors[0]!.format,
    mutants,
    seed,
    verdicts: Object.fromEntries([...verdicts].toSorted(([, a], [, b]) => b - a)),
    mostReads,
    longestRead,
    slowestMs,
    seconds: (performance.now() - started) / 1_000,
    heapBefore,
    heapAfter: heapInUse(),
  }
}

function heapInUse(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
