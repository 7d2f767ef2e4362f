import type { Clock } from '@sluice/runtime'

/** Members leave after `ms`, and earlier where more than `max` are in it. */
export function createForgetfulSet(clock: Clock, ms: number, max: number) {
  const members = new Map<string, number>()
  return {
    has: (key: string): boolean => (members.get(key) ?? Number.NEGATIVE_INFINITY) > clock.now() - ms,
    add(key: string): void {
      members.delete(key)
      members.set(key, clock.now())
      if (members.size > max) members.delete(members.keys().next().value!)
    },
  }
}
