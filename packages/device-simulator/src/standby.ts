import type { Cpe } from './cpe.ts'
import { isTrue } from './model/check-value.ts'

/** A nap, and what was missed by it (TR-069 Annex L). */
export interface Standby {
  readonly sinceMs: number
  missedPeriodic: number
  missedScheduled: number
}

/** Whether the ACS wants to hear `13 WAKEUP` (TR-069 L.2.2). */
export function mustTellWakeup(cpe: Cpe, nap: Standby): boolean {
  const limit = (name: string): number => Number(cpe.model.server(`StandbyPolicy.${name}`))
  const asleepSeconds = (Date.now() - nap.sinceMs) / 1000 / cpe.settings.timeScale
  const over = (amount: number, most: number): boolean => most >= 0 && amount > most
  return (
    (!hearsConnectionRequests(cpe) && over(asleepSeconds, limit('CRUnawarenessMaxDuration'))) ||
    over(nap.missedPeriodic, limit('MaxMissedPeriodic')) ||
    (nap.missedScheduled > 0 && isTrue(cpe.model.server('StandbyPolicy.NotifyMissedScheduled')))
  )
}

export function hearsConnectionRequests(cpe: Cpe): boolean {
  return isTrue(cpe.model.server('StandbyPolicy.CRAwarenessRequested'))
}

/** It wakes by itself for a contact of this kind (TR-069 L.2.4). */
export function keepsContact(cpe: Cpe, kind: 'Periodic' | 'Scheduled'): boolean {
  return isTrue(cpe.model.server(`StandbyPolicy.${kind}AwarenessRequested`))
}
