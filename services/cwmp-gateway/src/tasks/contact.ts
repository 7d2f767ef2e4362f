import type { Watch } from '@sluice/contracts'
import type { Session } from '../session/session.ts'
import type { Move } from './task.ts'

/**
 * Whether a watched device has just booted on a version its attempt does not aim at. Whether that is a rollback (8.a) shows
 * at its next Inform after the grace time, which for a CPE that informs once a day would come too late.
 */
export function isBackOnOld(watch: Watch | null, { booted, model }: Session): watch is Watch {
  return (
    watch?.mode === 'open' &&
    booted &&
    model.softwareVersion !== null &&
    !watch.targetVersions.includes(model.softwareVersion)
  )
}

/** Plants a ScheduleInform (TR-069 A.4.1.2), once per boot; a fault is no harm: the next periodic Inform serves. */
export function beginContact({ attemptId, plantInformSeconds }: Watch): Move {
  if (plantInformSeconds === null) return { next: { kind: 'done' } }
  return {
    next: {
      kind: 'call',
      call: { kind: 'schedule_inform', delaySeconds: plantInformSeconds, commandKey: attemptId },
      progress: { kind: 'contact', attemptId },
    },
  }
}
