import type { Bus } from '@sluice/bus'
import type { PublicKey } from '@sluice/firmware'
import type { ImageStore, UploadStore } from '@sluice/image-store'
import type { Clock, Ids, Log, Networks } from '@sluice/runtime'
import type { Journal, Relay, Sql } from '@sluice/sql'
import type { S3Store } from './import/fetch-s3.ts'
import type { Observability } from './observability.ts'

export interface ArtifactResolverParts {
  readonly sql: Sql
  readonly bus: Bus
  readonly images: ImageStore
  /** What devices uploaded; absent: they upload nothing here. */
  readonly uploads?: UploadStore | undefined
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
}

export interface ArtifactResolverSettings {
  /** What the URLs given to devices start with, without a slash at the end: `http://files.example.net:7549`. */
  readonly filesBaseUrl: string
  /** Signs download grants; the file servers have the same. */
  readonly downloadKey: Uint8Array
  /** Who signs verdicts: one that none of these signed moves nothing. */
  readonly verdictKeys: readonly PublicKey[]
  readonly maxImageBytes: number
  /** How long uploads of devices are kept. */
  readonly keepUploadsMs: number
  /** How long the bytes of rejected images are kept. */
  readonly keepRejectedMs: number
  readonly intake: {
    readonly host: string
    /** 0: any free one. */
    readonly port: number
    /** Whoever may hand over images says this. */
    readonly token: string
    readonly deadlineMs: number
  }
  readonly imports: {
    readonly deadlineMs: number
    /** A source from which nothing comes for this long is broken off. */
    readonly idleMs: number
    /** Private networks that may be fetched from nevertheless. */
    readonly labNetworks: Networks
    /** How long until a source that did not answer is asked again, the first time, and how often we look for one to fetch. */
    readonly retryMs: number
    /** Where `s3://` leads; null: nowhere. */
    readonly s3: S3Store | null
  }
  /** How what operators' own servers host is compared with what was verified. */
  readonly origin: {
    readonly recheckMs: number
    readonly bytesPerSecond: number
  }
}

/** What the use cases work with. */
export interface Parts extends ArtifactResolverParts {
  readonly journal: Journal
  readonly relay: Relay
  readonly observability: Observability
  readonly settings: ArtifactResolverSettings
}
