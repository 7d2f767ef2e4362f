import type { Policy } from '@sluice/contracts'

const MOST_CANARIES = 10_000

/** What is wrong with the waves of a policy, in a sentence; null: nothing. */
export function checkWaves(waves: Policy['waves']): string | null {
  const named = waves.map(({ size }) => ('devices' in size ? size.devices : null))
  if (named.at(-1) !== null) return 'after the canaries there has to be a wave for all others'
  const firstOther = named.indexOf(null)
  if (named.slice(firstOther).some((names) => names !== null)) return 'canaries come before all other waves'
  const names = named.flatMap((one) => one ?? [])
  if (names.length > MOST_CANARIES) return `there may be ${MOST_CANARIES} canaries in all`
  const seen = new Set<string>()
  const twice = names.find((name) => seen.size === seen.add(name).size)
  return twice === undefined ? null : `the canary ${twice} is named twice`
}
