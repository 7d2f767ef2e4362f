export type { Migration, Queryable, Sql } from './sql.ts'
export { SqlError, type SqlErrorCode } from './sql-error.ts'
export { connectPostgres, type PostgresSettings } from './postgres.ts'
export { openEmbedded, type EmbeddedSettings } from './embedded.ts'
export { migrate, type MigrationPlan } from './migrate.ts'
export { createJournal, type Backlog, type Journal } from './journal.ts'
export type { ChainPage } from './journal-audit.ts'
export type { Followed } from './journal-follow.ts'
export type { ChainVerdict } from './journal-chain.ts'
export { createRelay, type Relay, type RelayParts, type RelaySettings } from './relay.ts'
export { retryingTransaction } from './retrying-transaction.ts'
export { json } from './encode-value.ts'
export type {
  InEntry,
  JournalEntry,
  JournalFilter,
  JournalRow,
  JournalSubjects,
  NoteEntry,
  OutEntry,
  OutgoingEvent,
} from './journal-entry.ts'
