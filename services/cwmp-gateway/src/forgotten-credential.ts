import type { InformedDevice } from '@sluice/contracts'
import type { HotRecord } from '@sluice/hot-store'
import type { Session } from './session/session.ts'
import { isAtTarget } from './tasks/verify.ts'

/**
 * Whether this Inform may be that of a device which lost its own credential to its upgrade: it begins anew, the
 * Download of the very attempt that is open was written to it, and since then it has not been on the target version
 * with a credential of its own. Whoever knows the password of the model may say so of any device, so what opens this
 * is what we did, and what closes it is what the device itself can do. Whether it answered the Download is not asked:
 * one that flashes without an answer would be locked out.
 *
 * After a loss of the hot store nobody knows what was written, and a device that forgot then needs a new password from
 * an operator.
 */
export function mayHaveForgotten(
  { watch, offer, returned }: Pick<HotRecord, 'watch' | 'offer' | 'returned'>,
  events: InformedDevice['events'],
): boolean {
  if (watch?.mode !== 'open' || offer?.attemptId !== watch.attemptId) return false
  return returned !== watch.attemptId && events.some(({ code }) => code === '0 BOOTSTRAP')
}

/** The attempt of which this session shows that its device did not forget; null also where that is noted. */
export function returnedByItsOwn({ session, record }: { session: Session; record: HotRecord }): string | null {
  const { watch, offer, returned } = record
  if (!isAtTarget(watch, session.model.softwareVersion) || session.role === 'bootstrap') return null
  const { attemptId } = watch
  if (offer?.attemptId !== attemptId || session.offered === attemptId) return null
  return returned === attemptId ? null : attemptId
}
