import { createHash } from 'node:crypto'
import type { RedirectRule } from '@sluice/contracts'
import { fits, type KnownModel } from '@sluice/model-profiles'

export interface RedirectedDevice {
  readonly deviceKey: string
  readonly model: KnownModel
  /** Its upgrade is under way: it stays until that is settled, unless a rule names it. */
  readonly isWatched: boolean
}

/** Where a device's session is sent (TR-069 3.4.6), by the first rule that fits in the order of names; null: it stays. */
export type Redirects = (device: RedirectedDevice) => RedirectRule | null

/** Made once for a set of rules, since every Inform goes by them. */
export function redirectsOf(rules: readonly RedirectRule[]): Redirects {
  const inOrder = rules.toSorted(byName).map((rule) => ({
    rule,
    named: rule.deviceKeys === undefined ? null : new Set(rule.deviceKeys),
  }))
  return ({ deviceKey, model, isWatched }) => {
    const found = inOrder.find(({ rule: { match, percent }, named }) => {
      if (named === null ? isWatched : !named.has(deviceKey)) return false
      if (match !== undefined && !fits(match, model)) return false
      return percent === undefined || shareOf(deviceKey) < percent
    })
    return found?.rule ?? null
  }
}

/** Where this device stands among all, 0 to 100: the same for every gateway, rule and day. */
export function shareOf(deviceKey: string): number {
  return (createHash('sha256').update(deviceKey).digest().readUInt32BE(0) / 2 ** 32) * 100
}

function byName(a: RedirectRule, b: RedirectRule): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}
