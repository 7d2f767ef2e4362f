import { readFileSync, writeFileSync } from 'node:fs'
import type { Sql } from '@sluice/sql'
import { processorTime } from '../processor-time.ts'

/** What a stretch of work took. */
export interface Used {
  readonly seconds: number
  /** CPU seconds by process, with its threads and children. */
  readonly cpu: Readonly<Record<string, number>>
  /** Of this process, which is the driver: in none of the other figures. */
  readonly driverCpu: number
  /** The most that each process held at once, in bytes. PostgreSQL: of its first process alone, so it is left out. */
  readonly peakBytes: Readonly<Record<string, number>>
  readonly walBytes: number
  readonly walSyncs: number
  readonly commits: number
}

/** Begins to count; the answer tells what was used since. */
export async function startMeter(pids: Readonly<Record<string, number>>, sql: Sql): Promise<() => Promise<Used>> {
  for (const pid of Object.values(pids)) forgetPeak(pid)
  const started = performance.now()
  const before = { cpu: cpuOf(pids), driver: process.cpuUsage(), database: await readDatabase(sql) }
  return async () => {
    const driver = process.cpuUsage(before.driver)
    const database = await readDatabase(sql)
    const after = cpuOf(pids)
    const { postgres: _, ...measurable } = pids
    return {
      seconds: (performance.now() - started) / 1_000,
      cpu: mapValues(after, (seconds, name) => seconds - (before.cpu[name] ?? 0)),
      driverCpu: (driver.user + driver.system) / 1e6,
      peakBytes: mapValues(measurable, peakOf),
      walBytes: database.walBytes - before.database.walBytes,
      walSyncs: database.walSyncs - before.database.walSyncs,
      commits: database.commits - before.database.commits,
    }
  }
}

function mapValues<T, R>(of: Readonly<Record<string, T>>, change: (value: T, name: string) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, change(value, name)]))
}

const cpuOf = (pids: Readonly<Record<string, number>>) => mapValues(pids, processorTime)

/** man 5 proc_pid_clear_refs: 5 resets the peak. Only the owner or root may; else the peak is that since the start. */
function forgetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {
    // Not ours.
  }
}

export function peakOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1_024
}

async function readDatabase(sql: Sql): Promise<{ walBytes: number; walSyncs: number; commits: number }> {
  const [row] = await sql.query<{ wal: string; syncs: number; commits: number }>(
    `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint as wal, (select wal_sync from pg_stat_wal) as syncs,
       (select sum(xact_commit)::bigint from pg_stat_database) as commits`,
  )
  return { walBytes: Number(row!.wal), walSyncs: row!.syncs, commits: row!.commits }
}

/** The statements that took the most time of the database since `reset`. */
export async function costliestStatements(sql: Sql, most: number): Promise<readonly (readonly string[])[]> {
  const rows = await sql.query<{ query: string; calls: number; ms: number; rows: number }>(
    `select query, calls, total_exec_time + total_plan_time as ms, rows from pg_stat_statements
     order by total_exec_time + total_plan_time desc limit $1`,
    [most],
  )
  return rows.map(({ query, calls, ms, rows: touched }) => [
    query.replaceAll(/\s+/g, ' ').trim().slice(0, 90),
    String(calls),
    String(touched),
    (ms / 1_000).toFixed(1),
  ])
}

export async function resetStatements(sql: Sql): Promise<void> {
  await sql.query('select pg_stat_statements_reset()')
}
