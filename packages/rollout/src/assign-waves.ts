import { createHash } from 'node:crypto'

import type { Wave } from './policy.ts'

/** Where a device stands in a campaign's order: 16 hex digits, sorted as text. Independent of list order and of other devices. */
export function rankHash(deviceKey: string, campaignSeed: string): string {
  return createHash('sha256').update(campaignSeed).update('\0').update(deviceKey).digest('hex').slice(0, 16)
}

/** How many devices each wave takes of `total`: a percentage is rounded up, the last wave takes the remainder. */
export function waveSizes(total: number, waves: readonly Wave[]): number[] {
  let left = total
  return waves.map(({ size }, index) => {
    const asked = askedFor(size, total)
    const taken = index === waves.length - 1 ? left : Math.min(left, Math.max(0, asked))
    left -= taken
    return taken
  })
}

function askedFor(size: Wave['size'], total: number): number {
  if ('count' in size) return size.count
  return 'percent' in size ? Math.ceil((total * size.percent) / 100) : size.devices.length
}

/** The wave (from 0) of every device, by rank of its hash. Sizes are exact. */
export function assignWaves(
  deviceKeys: readonly string[],
  campaignSeed: string,
  waves: readonly Wave[],
): Map<string, number> {
  const ranked = [...new Set(deviceKeys)]
    .map((deviceKey) => ({ deviceKey, rank: rankHash(deviceKey, campaignSeed) }))
    .toSorted((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : a.deviceKey < b.deviceKey ? -1 : 1))
  const sizes = waveSizes(ranked.length, waves)
  return new Map(ranked.map(({ deviceKey }, rank) => [deviceKey, waveAtRank(rank, sizes)]))
}

/** The wave of a late joiner among `rankCount` devices, from its hash alone: it falls into the place it would have had. */
export function waveOf(deviceKey: string, campaignSeed: string, waves: readonly Wave[], rankCount: number): number {
  const share = Number.parseInt(rankHash(deviceKey, campaignSeed).slice(0, 12), 16) / 2 ** 48
  return waveAtRank(Math.floor(share * rankCount), waveSizes(rankCount, waves))
}

function waveAtRank(rank: number, sizes: readonly number[]): number {
  let end = 0
  for (const [wave, size] of sizes.entries()) {
    end += size
    if (rank < end) return wave
  }
  return Math.max(0, sizes.length - 1)
}
