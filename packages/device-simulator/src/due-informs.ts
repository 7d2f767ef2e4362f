import type { Cpe } from './cpe.ts'
import { informSecondsOf } from './create-cpe.ts'
import { isTrue } from './model/check-value.ts'
import { untilNextPeriodic } from './next-periodic.ts'
import { keepsContact, mustTellWakeup, type Standby } from './standby.ts'
import type { Timers } from './timers.ts'

/** Informs that are due by the clock, periodic and scheduled, and the standby that may miss them (TR-069 Annex L). */
export interface DueInforms {
  /** Begins to inform periodically. */
  arm(): void
  /** The same, if the ACS set another interval or phase. */
  rearm(): void
  /** The device goes down; scheduled Informs stay (TR-069 A.4.1.2). */
  stop(): void
  /** The same non-empty key moves the one that waits. */
  schedule(commandKey: string, delaySeconds: number): void
  asleep(): boolean
  sleep(ms: number): void
  wake(): void
}

export function createDueInforms(cpe: Cpe, timers: Timers, contact: () => void): DueInforms {
  const { settings } = cpe
  const scheduled = new Map<string, { cancel(): void }>()
  let periodic = { cancel: (): void => undefined }
  let rhythm = ''
  let nap: Standby | undefined
  const scaled = (seconds: number): number => seconds * 1000 * settings.timeScale

  const rhythmNow = (): string => `${cpe.model.informInterval()} from ${cpe.model.server('PeriodicInformTime')}`

  const arm = (isNew: boolean): void => {
    periodic.cancel()
    rhythm = rhythmNow()
    const seconds = cpe.model.informInterval()
    const intervalMs = seconds === informSecondsOf(settings) ? settings.periodicInformMs : scaled(seconds)
    const next = {
      intervalMs,
      time: cpe.model.server('PeriodicInformTime'),
      atAnyPhase: isNew && settings.startsAtAnyPhase,
    }
    periodic = timers.after(untilNextPeriodic(next, cpe.random), () => {
      arm(false)
      if (isTrue(cpe.model.server('PeriodicInformEnable'))) contactFor('Periodic', ['2 PERIODIC'])
      else if (cpe.events.waiting().length > 0) contact()
    })
  }

  /** Missed in standby, unless the ACS asked for it to be kept. */
  const contactFor = (kind: 'Periodic' | 'Scheduled', codes: readonly string[], commandKey = ''): void => {
    if (nap && !keepsContact(cpe, kind)) {
      if (kind === 'Periodic') nap.missedPeriodic += 1
      else nap.missedScheduled += 1
      return
    }
    for (const code of codes) cpe.events.add(code, code.startsWith('M ') ? commandKey : '')
    wake()
    contact()
  }

  const wake = (): void => {
    const slept = nap
    nap = undefined
    if (!slept) return
    const wakeup = mustTellWakeup(cpe, slept)
    if (wakeup) cpe.events.add('13 WAKEUP')
    cpe.record({ what: 'standby_left', wakeup })
    if (cpe.events.waiting().length > 0) contact()
  }

  return {
    arm: () => arm(true),
    rearm: () => {
      if (rhythm !== rhythmNow()) arm(true)
    },
    stop: () => {
      nap = undefined
      periodic.cancel()
    },
    schedule: (commandKey, delaySeconds) => {
      if (commandKey !== '') scheduled.get(commandKey)?.cancel()
      const planned = timers.after(scaled(delaySeconds), () => {
        scheduled.delete(commandKey)
        contactFor('Scheduled', ['3 SCHEDULED', 'M ScheduleInform'], commandKey)
      })
      scheduled.set(commandKey, planned)
    },
    asleep: () => nap !== undefined,
    sleep: (ms) => {
      if (nap) return
      nap = { sinceMs: Date.now(), missedPeriodic: 0, missedScheduled: 0 }
      cpe.record({ what: 'standby_entered' })
      timers.after(ms, wake)
    },
    wake,
  }
}
