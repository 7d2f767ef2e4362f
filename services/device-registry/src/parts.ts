import type { Bus } from '@sluice/bus'
import type { Clock, Ids, Log } from '@sluice/runtime'
import type { Journal, Sql } from '@sluice/sql'
import type { RegistrySettings } from './config.ts'
import type { Seal } from './credentials/seal.ts'
import type { MessageTrimmer } from './messages/trim-messages.ts'
import type { Observability } from './observability.ts'
import type { ProfilesInForce } from './rules/profiles-in-force.ts'

/** What the use cases of the registry are made of. */
export interface Parts {
  readonly sql: Sql
  readonly bus: Bus
  readonly journal: Journal
  /** Call it after a commit that appended events. */
  readonly wakeRelay: () => void
  readonly seal: Seal
  readonly profiles: ProfilesInForce
  readonly trimmer: MessageTrimmer
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly observability: Observability
  readonly settings: RegistrySettings
}
