import { systemClock } from '@sluice/runtime'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import {
  createJournal,
  createRelay,
  type Journal,
  migrate,
  type NoteEntry,
  type OutEntry,
  type OutgoingEvent,
  type Relay,
  type RelaySettings,
  type Sql,
} from '../index.ts'

export const traceId = '0af7651916cd43dd8448eb211c80319c'
export const traceparent = `00-${traceId}-b7ad6b7169203331-01`

export const out = (id: string, more: Partial<OutEntry> = {}): OutEntry => ({
  direction: 'out',
  id,
  key: 'k',
  at: 1000,
  actor: 'scheduler',
  kind: 'upgrade.settled',
  data: { id },
  ...more,
})
export const note = (data: unknown, more: Partial<NoteEntry> = {}): NoteEntry => ({
  direction: 'note',
  at: 1000,
  actor: 'operator',
  kind: 'campaign.paused',
  data,
  ...more,
})
export const message = (id: string) => ({ id, at: 1000, actor: 'gateway', kind: 'attempt.observed', data: {} })

export type JournalStand = ReturnType<typeof journalStand>

/** One database, and for each test an empty journal in it. */
export function journalStand(open: () => Promise<Sql>) {
  let sql: Sql
  let journal: Journal
  let schemas = 0
  /** Stopped after each test. */
  const relays: Relay[] = []

  beforeAll(async () => {
    sql = await open()
  })
  afterAll(() => sql.close())
  beforeEach(async () => {
    journal = createJournal(`j${++schemas}`)
    await migrate(sql, { schema: journal.schema, migrations: journal.migrations })
  })
  afterEach(() => Promise.all(relays.splice(0).map((relay) => relay.stop())))

  const table = (suffix: string) => `${journal.schema}.${suffix}`
  return {
    get sql() {
      return sql
    },
    get journal() {
      return journal
    },
    relays,
    table,
    sequence: () => `pg_get_serial_sequence('${table('journal')}', 'seq')`,
    write: (...entries: (OutEntry | NoteEntry)[]) => sql.transaction((tx) => journal.append(tx, entries)),
    sealAll: async () => {
      while ((await journal.seal(sql)) > 0);
    },
    startRelay: (publish: (events: OutgoingEvent[]) => Promise<void>, settings: RelaySettings = {}) => {
      const relay = createRelay(
        { sql, journal, publish, clock: systemClock },
        { intervalMs: 20, sealEveryMs: 20, batchSize: 3, ...settings },
      )
      relays.push(relay)
      relay.start()
      return relay
    },
    /** Without the guard an attacker with rights on the table would have to get around. */
    tamper: (statement: string) => sql.query(`alter table ${table('journal')} disable trigger all; ${statement}`),
  }
}
