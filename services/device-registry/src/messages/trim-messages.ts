import type { Clock, Log } from '@sluice/runtime'
import type { Sql } from '@sluice/sql'
import type { RegistrySettings } from '../config.ts'
import type { Observability } from '../observability.ts'

/** Keeps message logs within their bounds: beside the writing, in small statements. */
export interface MessageTrimmer {
  /** These devices have new lines: theirs are looked at next. */
  touched(deviceKeys: readonly string[]): void
  start(): void
  /** Resolves once what is under way has ended. */
  stop(): Promise<void>
}

export interface TrimmerParts {
  readonly sql: Sql
  readonly clock: Clock
  readonly log: Log
  readonly observability: Observability
  readonly settings: Pick<RegistrySettings, 'messageLogDays' | 'messageLogLines'>
}

const EVERY_MS = 60_000
const DEVICES_AT_ONCE = 200
const LINES_AT_ONCE = 5_000
/** With so many devices to look at, it does not wait for its time. */
const MOST_TOUCHED = 20_000
const DAY_MS = 86_400_000

export function createMessageTrimmer(parts: TrimmerParts): MessageTrimmer {
  const { sql, clock, log, observability, settings } = parts
  const touched = new Set<string>()
  let stopped = false
  let cancel = () => {}
  let running: Promise<void> | undefined

  const run = async (): Promise<void> => {
    try {
      while (!stopped && touched.size > 0) await trimSome()
      while (!stopped && (await dropOld(sql, clock.now() - settings.messageLogDays * DAY_MS)) === LINES_AT_ONCE);
      await forgetReturns(sql, clock.now())
    } catch (error) {
      log.warn({ err: error }, 'registry.messages.trim_failed')
    }
    running = undefined
  }
  const trimSome = async (): Promise<void> => {
    const some = [...touched.values().take(DEVICES_AT_ONCE)]
    // Before the look: what is written after it is looked at again.
    for (const deviceKey of some) touched.delete(deviceKey)
    const trimmed = await trimLogs(sql, some, settings.messageLogLines)
    observability.messagesTrimmed.add(trimmed, { why: 'lines' })
  }
  const dropOld = async (on: Sql, before: number): Promise<number> => {
    const dropped = await dropLines(on, before)
    observability.messagesTrimmed.add(dropped, { why: 'age' })
    return dropped
  }
  const wake = () => {
    if (!stopped) running ??= run()
  }

  return {
    touched(deviceKeys) {
      for (const deviceKey of deviceKeys) touched.add(deviceKey)
      if (touched.size > MOST_TOUCHED) wake()
    },
    start() {
      cancel = clock.every(EVERY_MS, wake)
    },
    async stop() {
      stopped = true
      cancel()
      await running
    },
  }
}

async function trimLogs(sql: Sql, deviceKeys: readonly string[], lines: number): Promise<number> {
  const deleted = await sql.query<{ count: number }>(
    `with ranked as (
       select device_key, at, event_id, place,
         row_number() over (partition by device_key order by at desc, event_id desc, place desc) as rank
       from registry.device_messages where device_key = any($1::text[])),
     deleted as (
       delete from registry.device_messages as message using ranked
       where rank > $2 and message.device_key = ranked.device_key and message.at = ranked.at
         and message.event_id = ranked.event_id and message.place = ranked.place
       returning 1)
     select count(*) from deleted`,
    [deviceKeys, lines],
  )
  return deleted[0]?.count ?? 0
}

async function dropLines(sql: Sql, before: number): Promise<number> {
  const dropped = await sql.query<{ count: number }>(
    `with dropped as (
       delete from registry.device_messages
       where ctid = any(array(select ctid from registry.device_messages where at < $1 limit $2))
       returning 1)
     select count(*) from dropped`,
    [before, LINES_AT_ONCE],
  )
  return dropped[0]?.count ?? 0
}

/** They are counted by the hour. */
async function forgetReturns(sql: Sql, now: number): Promise<void> {
  await sql.query('delete from registry.bootstrap_returns where hour < $1', [Math.floor(now / 3_600_000) - 1])
}
