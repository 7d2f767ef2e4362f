import type { KeyObject } from 'node:crypto'
import type { Bus } from '@sluice/bus'
import type { ImageStore } from '@sluice/image-store'
import type { Clock, Ids, Log } from '@sluice/runtime'
import type { Journal, Relay, Sql } from '@sluice/sql'
import type { Examiner } from './examine/examiner.ts'
import type { Observability } from './observability.ts'
import type { SignVerdict } from './sign-verdict.ts'

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
  /** How long looking at one image may take, and how long the store may take to bring it. */
  readonly deadlineMs: number
  /** How much looking at one image may take of values, and of bytes beside those it is done with. */
  readonly memoryMb: number
  /** Signs verdicts. */
  readonly verdictKey: KeyObject
  /** Another thread than the usual one, for tests. */
  readonly worker?: URL
}

/** What the use cases work with. */
export interface Parts extends FirmwareVerifierParts {
  readonly journal: Journal
  readonly relay: Relay
  readonly examiner: Examiner
  readonly signVerdict: SignVerdict
  readonly observability: Observability
  readonly settings: FirmwareVerifierSettings
}
