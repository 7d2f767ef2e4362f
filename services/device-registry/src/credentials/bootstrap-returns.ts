import type { Queryable } from '@sluice/sql'
import type { Parts } from '../parts.ts'

const HOUR_MS = 3_600_000
/** From so many times the rate of the alarm on, nobody more is let back in within the hour. */
const REFUSED_AT = 10

/**
 * Which of these devices, that have credentials of their own, may come back with their model's: firmware may have lost
 * theirs. Nobody has proved anything yet, so nothing is counted here.
 */
export async function mayReturn(parts: Parts, deviceKeys: readonly string[]): Promise<ReadonlySet<string>> {
  if (deviceKeys.length === 0) return new Set()
  const counted = await readReturns(parts.sql, hourOf(parts), deviceKeys)
  if (counted.returned < mostReturns(parts)) return new Set(deviceKeys)
  const refused = deviceKeys.filter((key) => !counted.already.has(key)).length
  parts.observability.bootstrapReturns.add(refused, { answer: 'refused' })
  return counted.already
}

/**
 * Counts one that has come back; false: there were too many. What all devices of a model share is soon known to others
 * too, hence the alarm, and an end to it. Devices are counted by the hour, each once, over all replicas.
 */
export async function countReturn(tx: Queryable, parts: Parts, deviceKey: string): Promise<boolean> {
  const { settings, log, observability } = parts
  const hour = hourOf(parts)
  const counted = await readReturns(tx, hour, [deviceKey])
  if (counted.already.has(deviceKey)) return true
  const isRefused = counted.returned >= mostReturns(parts)
  const returned = counted.returned + (isRefused ? 0 : 1)
  const isAlarm = returned > settings.bootstrapReturnsPerHour
  observability.bootstrapReturns.add(1, {
    answer: isRefused ? 'refused' : isAlarm ? 'allowed_above_rate' : 'allowed',
  })
  if (isAlarm) {
    const per_hour = settings.bootstrapReturnsPerHour
    log.warn({ returned, refused: isRefused, per_hour, device_key: deviceKey }, 'registry.bootstrap.rate_exceeded')
  }
  if (isRefused) return false
  await tx.query('insert into registry.bootstrap_returns (hour, device_key) values ($1, $2) on conflict do nothing', [
    hour,
    deviceKey,
  ])
  return true
}

async function readReturns(sql: Queryable, hour: number, deviceKeys: readonly string[]) {
  const [row] = await sql.query<{ returned: number; already: string[] | null }>(
    `select count(*) as returned, array_agg(device_key) filter (where device_key = any($2::text[])) as already
     from registry.bootstrap_returns where hour = $1`,
    [hour, deviceKeys],
  )
  return { returned: row?.returned ?? 0, already: new Set(row?.already ?? []) }
}

function hourOf({ clock }: Parts): number {
  return Math.floor(clock.now() / HOUR_MS)
}

function mostReturns({ settings }: Parts): number {
  return settings.bootstrapReturnsPerHour * REFUSED_AT
}
