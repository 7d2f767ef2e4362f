import type { Placement, Task, Watch } from '@sluice/contracts'

/** Names one session: the cookie is `<deviceKey>.<token>`, so every key of a device shares one hash tag. */
export interface SessionKey {
  readonly deviceKey: string
  /** 22 characters of base64url, that nobody can guess. */
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

/** An operator's call that was written to a device, and whether what became of it was reported. */
export interface SentCall {
  readonly taskId: string
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
  /** The last call of an operator that this device was sent. */
  readonly call: SentCall | null
  /** What a session asked last without hearing an answer, by the name it was begun under. */
  readonly asked: string | null
  /** Which arguments of Download it refused last. */
  readonly refusedArguments: 'all' | 'minimal' | null
  /** Its last `1 BOOT`, in epoch ms; remembered only of models that need time after it. */
  readonly bootedAt: number | null
  /** The attempt for which this device was asked to inform at the end of its soak. */
  readonly planted: string | null
  /** The attempt after whose Download it came back, on the target version, with a credential of its own. */
  readonly returned: string | null
  /** What the device reported last: lets a settled watch report changes alone. */
  readonly lastVersion: string | null
}

/** One use of a digest nonce of ours. Who captured it must not use it again: not for anything, on any gateway. */
export interface NonceUse {
  /** Of letters and digits, at most 64 of them. */
  readonly id: string
  /** Its nc; null in the form of RFC 2069, which counts nothing. */
  readonly count: number | null
  /** For how long the nonce is still good. */
  readonly keepMs: number
}

export interface OpenSession {
  readonly key: SessionKey
  /** The session after its Inform, as JSON; at most 1 MiB. */
  readonly state: string
  /** How long it is kept after each POST. */
  readonly ttlMs: number
  /** How long at most before its second POST, or until it is proven; else as long as after each. */
  readonly tentativeMs?: number
  /** What the device reported: `lastVersion` of the record from the second POST on, when it was published. */
  readonly version: string | null
  /** `bootedAt` of the record, likewise. */
  readonly bootedAt?: number
  /** There is something to do in it that is not on the record: it is not idle. */
  readonly hasWork?: boolean
  /** What this Inform is authenticated with. Whether rightly, nobody knows yet. */
  readonly nonce?: NonceUse | undefined
}

/**
 * A tentative session is not the device's current one until its second POST: who has not proved who they are must
 * not end another's session, nor change anything on the device's record.
 */
export interface OpenedSession {
  readonly record: HotRecord
  /** The session before this one was continued, and by its cookie, under the version the device reports now. */
  readonly returnsCookies: boolean
  /** The device used this nonce before, and the count has not grown since: no session was opened. */
  readonly replayed: boolean
}

export interface BoundNonce {
  readonly nonce: NonceUse
  readonly deviceKey: string
}

/** What is paged back in after a loss: hints and watches, without which no device is admitted, and operators' calls. */
export type Restored = 'placements' | 'calls'

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
  /** The device used this nonce before, and the count has not grown since: nothing was changed. */
  | { readonly kind: 'replayed' }

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
  /**
   * A use that counts nothing is never a replay here: no CPE can be asked to take a new nonce for each POST. It is
   * one for whoever would open a session with it.
   */
  readonly nonce?: NonceUse | undefined
}

export type RecordChange =
  | { readonly op: 'put_offer'; readonly offer: Offer }
  | { readonly op: 'put_call'; readonly call: SentCall }
  | { readonly op: 'put_asked'; readonly name: string | null }
  | { readonly op: 'put_refused_arguments'; readonly refused: 'all' | 'minimal' }
  | { readonly op: 'put_planted'; readonly attemptId: string }
  | { readonly op: 'put_returned'; readonly attemptId: string }
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
   * whose device has nothing to do (no task that is due, no watch, no unanswered offer or call) is marked ended in the
   * same script.
   */
  resume(posts: readonly ResumePost[]): Promise<readonly ResumedSession[]>
  /**
   * Marks sessions, right after open, as those of devices that proved who they are: what `latest` finds. A tentative
   * session that was not proven is never found, however late it was opened. From then on it is kept as long as its ttl.
   */
  prove(keys: readonly SessionKey[]): Promise<void>
  /**
   * Binds nonces to the devices that use them first. It is kept beside no device, so it is a round trip of its own:
   * for user names that several devices have, whose digests would do for each of them.
   */
  bindNonces(uses: readonly BoundNonce[]): Promise<readonly ('own' | 'another')[]>
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
   * moment its server is another process (a restart, a failover) or drops keys to make room. No device may be admitted
   * before its placements are.
   */
  isRestored(what: Restored): Promise<boolean>
  /**
   * Who is to page them back in: one owner, for as long as it comes again within `ttlMs`. `taken` where it
   * held no lock before: also when the store lost its memory once more, or its server is another process, and what
   * was paged in may be lost with it.
   */
  tryRestoreLock(what: Restored, owner: string, ttlMs: number): Promise<'taken' | 'kept' | 'refused'>
  /** False: the owner's lock did not last until now, so what it paged in may be lost. */
  markRestored(what: Restored, owner: string): Promise<boolean>
  /** Another number once the connection was lost: what was known of the store before need not be so any more. */
  connection(): number
  status(): 'up' | 'down'
  close(): Promise<void>
}
