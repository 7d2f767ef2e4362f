import type { Client } from '@sluice/client'
import type { CapsOfAll, HistorySources } from '@sluice/testbed'

/** A whole system in processes of its own, seen as its users see it. */
export interface System {
  readonly topology: 'embedded' | 'distributed'
  readonly acsUrl: string
  readonly apiUrl: string
  /** UDP. */
  readonly stunPort: number
  readonly client: Client
  /** What its schedulers were told. */
  readonly capsOfAll: CapsOfAll
  /** What all its processes have logged lately, for a test that failed. */
  output(): string
  /** Ends it in order and answers how to read its journals, which outlive it. */
  stop(): Promise<void>
  /** Resolves once what devices have told is counted. */
  quiet(): Promise<void>
  /** Reads its database; of the embedded one, only once it is stopped. */
  readJournals<T>(read: (sql: HistorySources['sql']) => Promise<T>): Promise<T>
  /** Removes what it left. */
  remove(): Promise<void>
}
