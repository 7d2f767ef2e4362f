import type { History, Violation } from './history.ts'
import { type Plan, type PlannedWindow, isClaim, movesOf, plansOf } from './replay.ts'

/** No claim outside of the policy's windows, by the wall clock of its device, and none in a freeze. */
export function checkWindows(history: History): Violation[] {
  const plans = plansOf(history)
  return movesOf(history)
    .filter(isClaim)
    .flatMap(({ campaignId, upgradeId, zone, fact, row }): Violation[] => {
      const policy = plans.get(campaignId)?.policy
      if (policy === undefined) return []
      const frozen = policy.freeze?.find(({ from, to }) => row.at >= Date.parse(from) && row.at < Date.parse(to))
      if (frozen !== undefined) {
        const detail = `${upgradeId} was offered in the freeze from ${frozen.from}`
        return [{ rule: 'no_claim_in_a_freeze', detail, seq: row.seq }]
      }
      // Who was handed the windows themselves keeps to them by itself.
      if (fact.schedule !== undefined || isOpen(policy.windows, zone ?? null, row.at)) return []
      const detail = `${upgradeId} was offered at ${new Date(row.at).toISOString()}, outside of every window`
      return [{ rule: 'no_claim_outside_windows', detail, seq: row.seq }]
    })
}

function isOpen(windows: Plan['policy']['windows'], zone: string | null, at: number): boolean {
  if (windows === undefined || windows.length === 0) return true
  return windows.some((window) => showsItsHours(window, zone ?? window.zone, at))
}

/** By what a clock on the wall of that place shows: a day of the week, and a time. */
function showsItsHours({ days, from, to }: PlannedWindow, zone: string, at: number): boolean {
  const { day, time } = wallClock(zone, at)
  const isDay = (one: number) => days === undefined || days.includes(one)
  if (from < to) return isDay(day) && time >= from && time < to
  return (isDay(day) && time >= from) || (isDay(day === 1 ? 7 : day - 1) && time < to)
}

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

function wallClock(timeZone: string, at: number): { day: number; time: string } {
  const options = { timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
  const parts = new Intl.DateTimeFormat('en-GB', options).formatToParts(at)
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? ''
  return { day: DAYS.indexOf(of('weekday')) + 1, time: `${of('hour')}:${of('minute')}` }
}
