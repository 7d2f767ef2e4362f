import type { Bus } from '@sluice/bus'
import type { ImageStore } from '@sluice/image-store'
import type { Clock, Ids, Log } from '@sluice/runtime'
import type { Journal, Relay, Sql } from '@sluice/sql'
import type { Observability } from './observability.ts'

export interface FirmwareVerifierParts {
  readonly sql: Sql
  readonly bus: Bus
  readonly images: ImageStore
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
}

export interface FirmwareVerifierSettings {
  /** How many different keys have to vouch for an image where no threshold was set; 1 or more. */
  readonly requiredKeys: number
  /** Whether a second person has to agree to what gives trust: a key, a longer validity, a lower threshold. */
  readonly secondPerson: boolean
  /** How many different keys have to vouch for a release; 1 or more. */
  readonly releaseRequiredKeys: number
  /** How long one image may take. */
  readonly deadlineMs: number
}

/** What the use cases work with. */
export interface Parts extends FirmwareVerifierParts {
  readonly journal: Journal
  readonly relay: Relay
  readonly observability: Observability
  readonly settings: FirmwareVerifierSettings
}
