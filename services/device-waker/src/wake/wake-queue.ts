import { type Cancel, type Clock, randomFraction } from '@sluice/runtime'
import type { Method, Outcome } from './outcome.ts'

export interface Tried {
  readonly outcome: Outcome
  readonly by: Method | null
}

export interface WakeQueueSettings {
  /** Connection requests of all devices together. */
  readonly perSecond: number
  /** The least time between two requests to one device, in ms: CPE may refuse who asks too often (TR-069 3.2.2.1). */
  readonly perDeviceMs: number
  /** Devices that wait or are being asked; more are refused. */
  readonly maxQueued: number
  readonly maxRunning: number
  /** How often a busy device is asked. */
  readonly busyTries: number
  readonly unreachableTries: number
  /** Doubles with each try, up to `longestRetryMs`; a random half of it is left out. */
  readonly firstRetryMs: number
  readonly longestRetryMs: number
}

export interface WakeQueueParts {
  readonly clock: Clock
  /** One try by all ways there are. */
  readonly wake: (deviceKey: string) => Promise<Tried>
  /** `busy` will be asked again; everything else is the last word. */
  readonly tell: (deviceKey: string, tried: Tried, attempts: number) => void
}

export interface WakeQueue {
  add(deviceKey: string): 'queued' | 'overloaded'
  size(): number
  /** Forgets who waits, and resolves once those being asked have answered. */
  stop(): Promise<void>
}

interface Waiting {
  attempts: number
  cancel: Cancel | null
}

/**
 * Who is to be woken, at the pace of all and of each. A device that waits or is being asked is not queued twice: the
 * session it opens serves everyone who asked. All of it is memory: after a restart nobody is asked any more, and
 * who wants a device asks again (device-tasks does while a task waits for it). The same holds for a device that heard
 * and did not come within 30 seconds (3.2.2.1): whether it came is not known here.
 */
export function createWakeQueue(parts: WakeQueueParts, settings: WakeQueueSettings): WakeQueue {
  const { clock, wake, tell } = parts
  const queued = new Map<string, Waiting>()
  const ready = new Set<string>()
  const running = new Set<Promise<void>>()
  /** In the order of time. */
  const lastAsked = new Map<string, number>()
  const pace = createPace(settings.perSecond, clock)
  let cancelPump: Cancel | null = null
  let stopped = false

  const pump = (): void => {
    cancelPump?.()
    cancelPump = null
    while (!stopped && running.size < settings.maxRunning && ready.size > 0) {
      const waitMs = pace.waitMs()
      if (waitMs > 0) {
        cancelPump = clock.after(waitMs, pump)
        return
      }
      pace.take()
      const [deviceKey] = ready
      ready.delete(deviceKey!)
      const run = ask(deviceKey!, queued.get(deviceKey!)!)
      running.add(run)
      void run.finally(() => {
        running.delete(run)
        pump()
      })
    }
  }
  const ask = async (deviceKey: string, waiting: Waiting): Promise<void> => {
    waiting.attempts += 1
    remember(deviceKey)
    const tried = await wake(deviceKey).catch((): Tried => ({ outcome: 'unreachable', by: null }))
    const tries = triesFor(tried.outcome)
    const goesOn = waiting.attempts < tries && !stopped
    if (tried.outcome === 'busy' || !goesOn) tell(deviceKey, lastWord(tried, goesOn), waiting.attempts)
    if (goesOn) later(deviceKey, waiting, Math.max(retryMs(waiting.attempts), settings.perDeviceMs))
    else queued.delete(deviceKey)
  }
  const triesFor = (outcome: Outcome): number =>
    outcome === 'busy' ? settings.busyTries : outcome === 'unreachable' ? settings.unreachableTries : 1
  const retryMs = (attempts: number): number => {
    const whole = Math.min(settings.longestRetryMs, settings.firstRetryMs * 2 ** (attempts - 1))
    return Math.round(whole / 2 + (whole / 2) * randomFraction())
  }
  const later = (deviceKey: string, waiting: Waiting, ms: number): void => {
    waiting.cancel = clock.after(ms, () => {
      waiting.cancel = null
      ready.add(deviceKey)
      pump()
    })
  }
  const remember = (deviceKey: string): void => {
    const now = clock.now()
    lastAsked.delete(deviceKey)
    lastAsked.set(deviceKey, now)
    for (const [key, at] of lastAsked) {
      if (at > now - settings.perDeviceMs) break
      lastAsked.delete(key)
    }
  }

  return {
    add(deviceKey) {
      if (queued.has(deviceKey)) return 'queued'
      if (stopped || queued.size >= settings.maxQueued) return 'overloaded'
      const waiting: Waiting = { attempts: 0, cancel: null }
      queued.set(deviceKey, waiting)
      const waitMs = (lastAsked.get(deviceKey) ?? Number.NEGATIVE_INFINITY) + settings.perDeviceMs - clock.now()
      if (waitMs > 0) later(deviceKey, waiting, waitMs)
      else ready.add(deviceKey)
      pump()
      return 'queued'
    },
    size: () => queued.size,
    async stop() {
      stopped = true
      cancelPump?.()
      for (const { cancel } of queued.values()) cancel?.()
      ready.clear()
      await Promise.all(running)
      queued.clear()
    },
  }
}

function lastWord(tried: Tried, goesOn: boolean): Tried {
  return tried.outcome === 'busy' && !goesOn ? { ...tried, outcome: 'gave_up' } : tried
}

/** A bucket that holds a tenth of a second. */
function createPace(perSecond: number, clock: Clock) {
  const most = Math.max(1, perSecond / 10)
  let tokens = most
  let at = clock.now()
  return {
    waitMs(): number {
      const now = clock.now()
      tokens = Math.min(most, tokens + (Math.max(0, now - at) * perSecond) / 1_000)
      at = now
      return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * 1_000) / perSecond)
    },
    take(): void {
      tokens -= 1
    },
  }
}
