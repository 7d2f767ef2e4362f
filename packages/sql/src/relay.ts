import type { Clock } from '@sluice/runtime'
import type { OutgoingEvent } from './journal-entry.ts'
import type { Journal } from './journal.ts'
import { createOutbox, type Turn, type WaitingEvent } from './outbox.ts'
import type { Sql } from './sql.ts'

export type RelayParts = {
  readonly sql: Sql
  readonly journal: Journal
  /** Resolves when the bus has all of them; the event's id is the message id. Needs a deadline of its own. */
  readonly publish: (events: OutgoingEvent[]) => Promise<void>
  readonly clock: Clock
  /** Told of every failure, for the log; the relay goes on by itself. */
  readonly onTrouble?: (error: unknown) => void
  /**
   * Whether a failure of `publish` means that the bus will never take the event: a defect of ours, that must not hold up
   * what stands behind it. Such an event is set aside in `journal_refused`. Never, unless told.
   */
  readonly isRefusedForGood?: (error: unknown) => boolean
  /** Told of every event that was set aside: an alarm. */
  readonly onRefused?: (event: OutgoingEvent, error: unknown) => void
}

export type RelaySettings = {
  /** How often to look without being woken, and how long to wait after a failure; 250 unless told. */
  readonly intervalMs?: number
  /** 100 unless told. */
  readonly batchSize?: number
  /** After the death of the replica that publishes, another one takes over within this time; 2,000 unless told. */
  readonly leaseMs?: number
  /** How often rows are put into the hash chain; 1,000 unless told. */
  readonly sealEveryMs?: number
}

export interface Relay {
  start(): void
  /** Call it after a commit that appended events. Never waits, never throws. */
  wake(): void
  /** Waits for the batch on its way and seals what is there. */
  stop(): Promise<void>
}

const firstRetryMs = 25

/**
 * Publishes a journal's events at least once, in the order of `seq`, one replica at a time. The turn is a lease in the database and not an
 * advisory lock: it needs no connection of its own, works embedded, and through a connection pooler.
 */
export function createRelay(parts: RelayParts, settings: RelaySettings = {}): Relay {
  const { sql, journal, publish, clock, onTrouble = () => {} } = parts
  const { isRefusedForGood = () => false, onRefused = () => {} } = parts
  const { intervalMs = 250, batchSize = 100, leaseMs = 2_000, sealEveryMs = 1_000 } = settings
  const outbox = createOutbox({ sql, clock }, { schema: journal.schema, leaseMs, batchSize })
  let stopped = false
  let woken = false
  let running: Promise<void> | undefined
  let endPause = () => {}
  let nextSealAt = 0

  const run = async () => {
    let waitMs = 0
    while (!stopped) {
      const drained = await drainOrTell()
      // Somebody else has the turn and may have looked just before our commit: look again soon, then less and less often.
      waitMs = drained === 'not_our_turn' ? Math.min(Math.max(waitMs * 2, firstRetryMs), intervalMs) : intervalMs
      if (clock.now() >= nextSealAt) await seal()
      // A bus that is down is not asked again at every commit.
      await pause(waitMs, { wakeable: drained !== 'failed' })
    }
    await seal()
  }

  const drainOrTell = async () => {
    try {
      return await drain()
    } catch (error) {
      onTrouble(error)
      return 'failed'
    }
  }

  const drain = async () => {
    woken = false
    if (!(await outbox.hasWaiting())) return 'drained'
    const turn = await outbox.takeTurn()
    if (!turn) return 'not_our_turn'
    try {
      for (let events = await turn.next(); events.length > 0 && !stopped; events = await turn.next()) {
        await publishAll(turn, events)
      }
      return 'drained'
    } finally {
      await turn.giveBack()
    }
  }

  const publishAll = async (turn: Turn, events: readonly WaitingEvent[]): Promise<void> => {
    try {
      await turn.keepDuring(() => publish(events.map(({ event }) => event)))
    } catch (error) {
      if (!isRefusedForGood(error)) throw error
      return separate(turn, events, error)
    }
    await turn.done(events.map(({ seq }) => seq))
  }

  /** One of them is refused for good: each alone tells which. What the bus had taken before is taken as a duplicate. */
  const separate = async (turn: Turn, events: readonly WaitingEvent[], error: unknown): Promise<void> => {
    const [first, ...others] = events
    if (first === undefined) return
    if (others.length > 0) {
      for (const one of events) if (!stopped) await publishAll(turn, [one])
      return
    }
    await turn.setAside(first.seq, String(error).slice(0, 1_000))
    onRefused(first.event, error)
  }

  const seal = async () => {
    nextSealAt = clock.now() + sealEveryMs
    try {
      while ((await journal.seal(sql)) > 0);
    } catch (error) {
      onTrouble(error)
    }
  }

  const pause = (ms: number, { wakeable }: { wakeable: boolean }) =>
    new Promise<void>((resolve) => {
      if (stopped || (wakeable && woken)) return resolve()
      const cancel = clock.after(ms, resolve)
      endPause = () => {
        if (!wakeable && !stopped) return
        cancel()
        resolve()
      }
    })

  return {
    start: () => {
      running ??= run()
    },
    wake: () => {
      woken = true
      endPause()
    },
    stop: async () => {
      stopped = true
      endPause()
      await running
    },
  }
}
