import type { Cpe } from './cpe.ts'
import { retryWaitSeconds } from './retry-wait.ts'
import { holdSession, type SessionEnd } from './session.ts'
import type { Timers } from './timers.ts'

/** One session at a time, failed ones tried again (TR-069 3.2.1.1). */
export interface Sessions {
  /** Opens a session, or another one after the running one. */
  contact(): void
  running(): boolean
  /** Resolves when none is running. */
  over(): Promise<void>
  cancelRetry(): void
  /** Retries are counted from here again. */
  booted(): void
}

export interface SessionsParts {
  readonly cpe: Cpe
  readonly timers: Timers
  readonly life: AbortSignal
  /** Whether the device may speak now. */
  readonly may: () => boolean
  /** Starts what the ACS asked for. */
  readonly afterwards: () => void
}

export function createSessions({ cpe, timers, life, may, afterwards }: SessionsParts): Sessions {
  let session: Promise<void> | undefined
  let again = false
  let retryCount = 0
  let retriesSinceBoot = 0
  let retry = { cancel: (): void => undefined }

  const contact = (): void => {
    if (life.aborted || !may()) return
    if (session) again = true
    else session = run()
  }

  const run = async (): Promise<void> => {
    retry.cancel()
    again = false
    // Leaves the caller's stack first, so that `session` is set before anything here can end.
    await Promise.resolve()
    const end = await holdSession(cpe, retryCount, life).catch((error: unknown): SessionEnd => {
      cpe.record({ what: 'defect', reason: String(error) })
      return { kind: 'failed', reason: 'defect', retryAfterSeconds: 0 }
    })
    session = undefined
    if (life.aborted) return
    count(end)
    const mustRetry = end.kind === 'failed' || end.refused
    const waitSeconds = mustRetry ? waitAfter(end) : 0
    if (end.kind === 'failed') cpe.record({ what: 'session_failed', reason: end.reason, waitSeconds })
    afterwards()
    if (mustRetry) retry = timers.after(waitSeconds * 1000 * cpe.settings.timeScale, contact)
    else if (again || cpe.events.waiting().length > 0) contact()
  }

  const count = (end: SessionEnd): void => {
    if (end.kind === 'failed') {
      retryCount += 1
      retriesSinceBoot += 1
    } else retryCount = retriesSinceBoot = 0
  }

  const waitAfter = (end: SessionEnd): number => {
    const m = Number(cpe.model.server('CWMPRetryMinimumWaitInterval'))
    const k = Number(cpe.model.server('CWMPRetryIntervalMultiplier'))
    const wait = retryWaitSeconds(Math.max(1, retriesSinceBoot), cpe.random, m, k)
    return Math.max(wait, end.kind === 'failed' ? end.retryAfterSeconds : 0)
  }

  return {
    contact,
    running: () => session !== undefined,
    over: async () => {
      while (session) await session
    },
    cancelRetry: () => retry.cancel(),
    booted: () => {
      retriesSinceBoot = 0
    },
  }
}
