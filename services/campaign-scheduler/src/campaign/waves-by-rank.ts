import type { Policy } from '@sluice/contracts'
import { waveSizes } from '@sluice/rollout'

type Waves = Policy['waves']

/** How many waves of named canaries there are; they come before all others. */
export function canaryWaves(waves: Waves): number {
  return waves.filter(({ size }) => 'devices' in size).length
}

/** Those that are filled by rank. */
export function rankedWaves(waves: Waves): Waves {
  return waves.filter(({ size }) => !('devices' in size))
}

/**
 * The wave a rank will most likely belong to, before anybody knows how many there are: shares are known, counts are
 * taken for nothing. What is wrong in it is put right when all are there, and that is little.
 */
export function likelyWave(rank: string, waves: Waves): number {
  const share = (Number.parseInt(rank.slice(0, 12), 16) / 2 ** 48) * 100
  const ranked = rankedWaves(waves)
  let end = 0
  const index = ranked.findIndex(({ size }) => share < (end += 'percent' in size ? size.percent : 0))
  return canaryWaves(waves) + (index === -1 ? ranked.length : index + 1)
}

/** At which place in the order of ranks, from 0, each wave that is filled by rank begins, from the second of them on. */
export function wavePlaces(waves: Waves, size: number, canaries: ReadonlyMap<number, number>): number[] {
  const exact = waves.map((wave, index) =>
    'devices' in wave.size ? { ...wave, size: { count: canaries.get(index + 1) ?? 0 } } : wave,
  )
  const ranked = waveSizes(size, exact).slice(canaryWaves(waves))
  let place = 0
  return ranked.slice(0, -1).map((own) => (place += own))
}

/** Beyond every rank. */
export const NO_RANK = 'g'

export interface PrefixCount {
  readonly prefix: string
  readonly n: number
}

/** Where in which group of equally beginning ranks each place lies; null: beyond the last one. */
export function locatePlaces(
  prefixes: readonly PrefixCount[],
  places: readonly number[],
): ({ readonly prefix: string; readonly offset: number } | null)[] {
  return places.map((place) => {
    let before = 0
    for (const { prefix, n } of prefixes) {
      if (place < before + n) return { prefix, offset: place - before }
      before += n
    }
    return null
  })
}
