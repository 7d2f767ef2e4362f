export type { Queryable, Sql, Migration } from "./sql.ts";
export { SqlError, type SqlErrorCode } from "./sql-error.ts";
export type {
  InEntry,
  JournalEntry,
  JournalFilter,
  JournalRow,
  JournalSubjects,
  NoteEntry,
  OutEntry,
  OutgoingEvent,
} from "./journal-entry.ts";
