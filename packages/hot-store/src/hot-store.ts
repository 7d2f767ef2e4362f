import type { Placement, Task, Watch } from '@sluice/contracts'

/** Names one session: the cookie is `<deviceKey>.<token>`, so every key of a device shares one hash tag. */
export interface SessionKey {
  readonly deviceKey: string
  /** 22 characters of base64url, 128 random bits. */
  readonly token: string
}

export interface StoredCredential {
  readonly username: string
  readonly ha1: string
}

export interface LearntCredential {
  readonly deviceKey: string
  readonly credential: StoredCredential
  /** As the record had it before the registry was asked. */
  readonly revision: number
}

/** A Download that was written to a device, and whether the device answered it. */
export interface Offer {
  readonly attemptId: string
  readonly answered: boolean
}

/** What gateways remember of a device between its sessions. All of it can be rebuilt. */
export interface HotRecord {
  readonly credential: StoredCredential | null
  /** Grows with every forgetting: what was learnt before is not written after. */
  readonly credentialRevision: number
  /** Null also once its time is over. */
  readonly watch: Watch | null
  /** In order of weight, then age. Bounded. */
  readonly tasks: readonly Task[]
  /** The last Download that this device was sent. */
  readonly offer: Offer | null
  /** The attempt for which this device was asked to inform at the end of its soak. */
  readonly planted: string | null
  /** What the device reported last: lets a settled watch report changes alone. */
  readonly lastVersion: string | null
}

export interface OpenSession {
  readonly key: SessionKey
  /** The session after its Inform, as JSON; at most 64 KiB. */
  readonly state: string
  /** How long it is kept after each POST. */
  readonly ttlMs: number
  /** What the device reported: `lastVersion` of the record from the second POST on, when it was published. */
  readonly version: string | null
}

/**
 * A tentative session is not the device's current one until its second POST: who has not proved who they are must
 * not end another's session, nor change anything on the device's record.
 */
export interface OpenedSession {
  readonly record: HotRecord
  /** A session of this device was once resumed by its cookie, under the version it reports now. */
  readonly returnsCookies: boolean
}

/** What finds the session of a CPE that returns no cookie, once it has proved again who it is. */
export interface LatestSession {
  /** Of the last session that was proven; it may have expired. */
  readonly token: string | null
  readonly credential: StoredCredential | null
  readonly credentialRevision: number
}

export type ResumedSession =
  | {
      readonly kind: 'resumed'
      readonly state: string
      readonly revision: number
      /** The session was told that there is nothing more; a TransferComplete may still come (seen in the field). */
      readonly ended: boolean
      readonly record: HotRecord
    }
  /** Expired, never was, or a newer session of the device has taken over. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'superseded' }

export interface SaveSession {
  readonly key: SessionKey
  /** The revision it was resumed with: another replica that was faster wins. */
  readonly revision: number
  readonly state: string
  readonly ttlMs: number
  readonly ended: boolean
  /** What changed on the device's record, in the same script. */
  readonly changes: readonly RecordChange[]
}

export interface ResumePost {
  readonly key: SessionKey
  readonly endIfIdle: boolean
  /** The device itself named the session. */
  readonly byCookie?: boolean
}

export type RecordChange =
  | { readonly op: 'put_offer'; readonly offer: Offer }
  | { readonly op: 'put_planted'; readonly attemptId: string }
  | { readonly op: 'put_watch'; readonly watch: Watch }
  /** Of this kind alone: a check and a cancel bear the same attempt's id. */
  | {
      readonly op: 'drop_task'
      readonly taskId: string
      readonly kind: Task['kind']
      readonly revision: number
    }
  | { readonly op: 'put_task'; readonly task: Task }

/**
 * The memory of the gateways. Two implementations, one suite: Redis (one script a call) and this process.
 * Every function takes an array and answers in its order; one call is one round trip per device.
 */
export interface HotStore {
  /** Stores sessions after their Inform and reads the devices' records. */
  open(sessions: readonly OpenSession[]): Promise<readonly OpenedSession[]>
  /**
   * Reads sessions for their next POST. The first one after open makes it the device's current session: what an
   * older session of the device still sends is `superseded`. With `endIfIdle`, a session that was never saved and
   * whose device has nothing to do (no task that is due, no watch, no unanswered offer) is marked ended in the
   * same script.
   */
  resume(posts: readonly ResumePost[]): Promise<readonly ResumedSession[]>
  /**
   * Marks sessions, right after open, as those of devices that proved who they are: what `latest` finds. A tentative
   * session that was not proven is never found, however late it was opened.
   */
  prove(keys: readonly SessionKey[]): Promise<void>
  /** Changes nothing: who asks has not proved yet who they are. */
  latest(deviceKeys: readonly string[]): Promise<readonly LatestSession[]>
  /** Saves sessions before they are answered. `stale`: another replica was faster, or a newer session took over. */
  save(sessions: readonly SaveSession[]): Promise<readonly ('saved' | 'stale')[]>
  /** Puts hints, checks, cancels and watches in place; older revisions never overwrite newer ones. Idempotent. */
  place(placements: readonly Placement[]): Promise<void>
  /** Keeps credentials the registry told us. `stale`: it was forgotten since the revision was read, and is not kept. */
  rememberCredentials(items: readonly LearntCredential[]): Promise<readonly ('kept' | 'stale')[]>
  forgetCredentials(deviceKeys: readonly string[]): Promise<void>
  /**
   * False after the store lost its memory, or any of it may have been lost: until `markRestored`, and again from the
   * moment its server is another process (a restart, a failover). No device may be admitted before.
   */
  isRestored(): Promise<boolean>
  /**
   * Who is to page the placements back in: one owner, for as long as it comes again within `ttlMs`. `taken` where it
   * held no lock before: also when the store lost its memory once more, or its server is another process, and what
   * was paged in may be lost with it.
   */
  tryRestoreLock(owner: string, ttlMs: number): Promise<'taken' | 'kept' | 'refused'>
  /** False: the owner's lock did not last until now, so what it paged in may be lost. */
  markRestored(owner: string): Promise<boolean>
  /** Another number once the connection was lost: what was known of the store before need not be so any more. */
  connection(): number
  status(): 'up' | 'down'
  close(): Promise<void>
}
