import type { Bus, IncomingEvent } from '@sluice/bus'
import type { Clock, Ids } from '@sluice/runtime'
import type { Journal, Sql } from '@sluice/sql'
import type { SchedulerSettings } from '../config.ts'
import { OURSELVES, toTime } from '../parts.ts'
import { beat, insertOutage } from '../store/outages.ts'

/**
 * Whether we are at work: the process runs, the database answers, the bus is up. A device may not be called silent
 * for a time in which nobody could have heard it, nor while what it said may still wait on the bus.
 */
export interface Pulse {
  /** Says so in the database. After a gap, of whatever scheduler, what was under way is excused for it first. */
  beat(): Promise<void>
  /** These facts were applied. */
  heard(batch: readonly Delivery[]): void
  /** These could not be applied because a part was away: the bus brings them again, newer ones perhaps before them. */
  missed(batch: readonly Delivery[]): void
  /** We were away, or have just come back: there may be facts that we have not heard. */
  isHolding(): boolean
  /** We have not said for so long that we are at work that time may have been lost. */
  isStale(): boolean
  /** The time up to which timers may be told that it has passed: that of the last beat. */
  aliveAt(): number
}

type Delivery = Pick<IncomingEvent<unknown>, 'id' | 'time'>

export interface PulseParts {
  readonly sql: Sql
  readonly journal: Journal
  readonly bus: Pick<Bus, 'status'>
  readonly clock: Clock
  readonly ids: Ids
  readonly settings: SchedulerSettings
  /** Calls `sayAlive` after each page: excusing a whole fleet takes longer than a gap may. */
  readonly excuse: (sayAlive: () => Promise<void>) => Promise<void>
}

/** The bus waits no longer than this between two tries of an event whose handler lacked a part. */
const MISSED_MS = 75_000

export function createPulse({ sql, journal, bus, clock, ids, settings, excuse }: PulseParts): Pulse {
  const { outageAfterMs, drainMs } = settings
  let beatAt: number | undefined
  /** Since when we are back; undefined: away. */
  let backAt: number | undefined
  let heardAt = 0
  let isDrained = false
  /** When events that were missed came last, until they are heard. Another scheduler may hear them: they age. */
  const missed = new Map<string, number>()

  const isStale = () => beatAt === undefined || clock.now() - beatAt > outageAfterMs

  /** Answers whether there was a gap: then there is an outage to excuse everybody for. */
  async function writeBeat(now: number): Promise<boolean> {
    return sql.transaction(async (tx) => {
      const before = await beat(tx, now)
      if (before === null || now - before <= outageAfterMs) return false
      await insertOutage(tx, { outageId: ids.event(), from: before, to: now })
      const data = { from: toTime(before), to: toTime(now) }
      const entry = { direction: 'note', at: now, actor: OURSELVES, kind: 'scheduler.outage', data } as const
      await journal.append(tx, [entry])
      return true
    })
  }

  /** Who excuses is at work, and answers when it last said so; a gap meanwhile is one more outage among those excused. */
  async function excuseAlive(since: number): Promise<number> {
    let saidAt = since
    await excuse(async () => {
      if (bus.status() === 'down') return
      const now = clock.now()
      await writeBeat(now)
      saidAt = now
    })
    return saidAt
  }

  async function beatOnce(): Promise<void> {
    if (bus.status() === 'down') {
      backAt = undefined
      return
    }
    const now = clock.now()
    if (isStale()) backAt = undefined
    const gap = await writeBeat(now)
    // Not before everybody is excused: until then no fact may be applied.
    beatAt = gap ? await excuseAlive(now) : now
    if (backAt !== undefined) return
    backAt = beatAt
    heardAt = beatAt
    isDrained = false
  }

  let beating: Promise<void> | undefined
  return {
    // Shared: who has a fact to apply waits for the excuse that is under way, too.
    beat: () => (beating ??= beatOnce().finally(() => (beating = undefined))),
    heard(batch) {
      heardAt = clock.now()
      for (const { id } of batch) missed.delete(id)
      // Events come in the order in which they were stored: one from after our return had nothing old before it.
      if (backAt !== undefined && batch.every(({ time }) => time >= backAt!)) isDrained = true
    },
    isHolding() {
      if (isStale() || backAt === undefined) return true
      const now = clock.now()
      for (const [id, at] of missed) if (now - at >= MISSED_MS) missed.delete(id)
      if (missed.size > 0) return true
      return now - backAt < drainMs || (!isDrained && now - heardAt < drainMs)
    },
    missed: (batch) => batch.forEach(({ id }) => missed.set(id, clock.now())),
    isStale,
    aliveAt: () => beatAt ?? 0,
  }
}
