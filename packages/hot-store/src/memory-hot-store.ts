import type { Clock } from '@sluice/runtime'
import { bounds } from './bounds.ts'
import { checkState } from './check-state.ts'
import type {
  HotStore,
  NonceUse,
  OpenSession,
  Restored,
  ResumedSession,
  ResumePost,
  SaveSession,
  SessionKey,
} from './hot-store.ts'
import { applySteps, isIdle, type RecordFields } from './memory-record.ts'
import { countOf } from './nonce-count.ts'
import { isKnownToReturnCookies, readCredential, readRecord } from './read-record.ts'
import { stepOf } from './record-step.ts'

interface StoredSession {
  state: string
  revision: number
  readonly seq: number
  ended: boolean
  ttlMs: number
  readonly version: string | null
  readonly bootedAt: number | undefined
  expiresAt: number
}

interface StoredRecord {
  readonly fields: RecordFields
  seq: number
  current: number
  expiresAt: number
}

/** For one machine: everything in this process, gone with it. */
export function createMemoryHotStore({ clock }: { readonly clock: Clock }): HotStore {
  const sessions = new Map<string, StoredSession>()
  const records = new Map<string, StoredRecord>()
  const nonces = new Map<string, { count: number; expiresAt: number }>()
  const nonceHolders = new Map<string, { deviceKey: string; expiresAt: number }>()
  const restored = new Set<Restored>()
  const restoreLocks = new Map<Restored, { owner: string; until: number }>()
  const cancelSweep = clock.every(60_000, sweep)

  return {
    open: async (opened) => {
      opened.forEach(({ state }) => checkState(state))
      return opened.map((session) => {
        const replayed = isReplay(session.key, session.nonce)
        const { fields, seq, current } = replayed ? recordOf(session.key.deviceKey) : openOne(session)
        const known = { cookieVersion: fields.get('cookies'), seq, current }
        const returnsCookies = isKnownToReturnCookies(known, session.version)
        return { record: readRecord(fields, clock.now()), returnsCookies, replayed }
      })
    },
    resume: async (posts) => posts.map(resumeOne),
    prove: async (keys) => {
      for (const key of keys) {
        const record = records.get(key.deviceKey)
        const session = sessions.get(nameOf(key))
        record?.fields.set('proven', key.token)
        if (record === undefined || session === undefined) continue
        const until = clock.now() + session.ttlMs
        for (const each of [record, session]) each.expiresAt = Math.max(each.expiresAt, until)
      }
    },
    bindNonces: async (uses) =>
      uses.map(({ nonce: { id, keepMs }, deviceKey }) => {
        const held = nonceHolders.get(id)
        const holder = held !== undefined && held.expiresAt > clock.now() ? held.deviceKey : deviceKey
        if (holder !== held?.deviceKey) nonceHolders.set(id, { deviceKey, expiresAt: clock.now() + keepMs })
        return holder === deviceKey ? 'own' : 'another'
      }),
    latest: async (deviceKeys) =>
      deviceKeys.map((deviceKey) => {
        const fields = records.get(deviceKey)?.fields
        return {
          token: fields?.get('proven') ?? null,
          credential: readCredential(fields?.get('credential')),
          credentialRevision: credentialRevisionIn(fields),
        }
      }),
    save: async (saves) => {
      saves.forEach(({ state }) => checkState(state))
      return saves.map(saveOne)
    },
    place: async (placements) => {
      for (const [deviceKey, own] of Map.groupBy(placements, ({ deviceKey }) => deviceKey)) {
        applySteps(kept(deviceKey).fields, own.map(stepOf))
      }
    },
    rememberCredentials: async (items) => {
      return items.map(({ deviceKey, credential, revision }) => {
        if (credentialRevisionIn(recordOf(deviceKey).fields) !== revision) return 'stale'
        kept(deviceKey).fields.set('credential', JSON.stringify(credential))
        return 'kept'
      })
    },
    forgetCredentials: async (deviceKeys) => {
      for (const deviceKey of deviceKeys) {
        const record = recordOf(deviceKey)
        record.fields.delete('credential')
        record.fields.set('credentialRevision', String(credentialRevisionIn(record.fields) + 1))
        record.expiresAt = Math.max(record.expiresAt, clock.now() + bounds.forgottenMs)
      }
    },
    isRestored: async (what) => restored.has(what),
    tryRestoreLock: async (what, owner, ttlMs) => {
      const lock = heldLock(what)
      if (lock !== undefined && lock.owner !== owner) return 'refused'
      restoreLocks.set(what, { owner, until: clock.now() + ttlMs })
      return lock === undefined ? 'taken' : 'kept'
    },
    markRestored: async (what, owner) => {
      if (heldLock(what)?.owner === owner) restored.add(what)
      return restored.has(what)
    },
    connection: () => 0,
    status: () => 'up',
    close: async () => cancelSweep(),
  }

  function heldLock(what: Restored): { readonly owner: string } | undefined {
    const lock = restoreLocks.get(what)
    return lock !== undefined && lock.until > clock.now() ? lock : undefined
  }

  function openOne({ key, state, ttlMs, tentativeMs = ttlMs, version, bootedAt, hasWork }: OpenSession): StoredRecord {
    const record = recordOf(key.deviceKey)
    record.seq += 1
    const expiresAt = clock.now() + tentativeMs
    record.expiresAt = Math.max(record.expiresAt, expiresAt)
    sessions.set(nameOf(key), {
      state,
      // Saved or not is what idle goes by.
      revision: hasWork === true ? 1 : 0,
      seq: record.seq,
      ended: false,
      ttlMs,
      version,
      bootedAt,
      expiresAt,
    })
    return record
  }

  function isReplay({ deviceKey }: SessionKey, nonce: NonceUse | undefined): boolean {
    if (nonce === undefined) return false
    const name = `${deviceKey}.${nonce.id}`
    const seen = nonces.get(name)
    const count = countOf(nonce)
    if (seen !== undefined && seen.expiresAt > clock.now() && seen.count >= count) return true
    nonces.set(name, { count, expiresAt: clock.now() + nonce.keepMs })
    return false
  }

  function resumeOne({ key, endIfIdle, byCookie, nonce }: ResumePost): ResumedSession {
    const session = sessions.get(nameOf(key))
    if (session === undefined || session.expiresAt <= clock.now()) return { kind: 'unknown' }
    const record = recordOf(key.deviceKey)
    if (session.seq < record.current) {
      sessions.delete(nameOf(key))
      return { kind: 'superseded' }
    }
    if (isReplay(key, nonce) && nonce?.count !== null) return { kind: 'replayed' }
    if (session.seq > record.current) {
      kept(key.deviceKey).current = session.seq
      if (session.version !== null) {
        record.fields.set('version', session.version)
        if (byCookie === true) record.fields.set('cookies', session.version)
      }
      if (byCookie !== true) record.fields.delete('cookies')
      if (session.bootedAt !== undefined) record.fields.set('bootedAt', String(session.bootedAt))
    }
    session.expiresAt = clock.now() + session.ttlMs
    session.ended ||= endIfIdle && session.revision === 0 && isIdle(record.fields, clock.now())
    const { state, revision, ended } = session
    return { kind: 'resumed', state, revision, ended, record: readRecord(record.fields, clock.now()) }
  }

  function saveOne({ key, revision, state, ttlMs, ended, changes }: SaveSession): 'saved' | 'stale' {
    const session = sessions.get(nameOf(key))
    const isCurrent = session?.seq === records.get(key.deviceKey)?.current
    if (session === undefined || session.revision !== revision || !isCurrent) return 'stale'
    if (session.expiresAt <= clock.now()) return 'stale'
    applySteps(kept(key.deviceKey).fields, changes.map(stepOf))
    Object.assign(session, { state, revision: revision + 1, ended, ttlMs, expiresAt: clock.now() + ttlMs })
    return 'saved'
  }

  function recordOf(deviceKey: string): StoredRecord {
    const present = records.get(deviceKey)
    if (present !== undefined && present.expiresAt > clock.now()) return present
    const record = { fields: new Map<string, string>(), seq: 0, current: 0, expiresAt: 0 }
    records.set(deviceKey, record)
    return record
  }

  /** A record of a device that proved who it is, or that somebody placed something on. */
  function kept(deviceKey: string): StoredRecord {
    const record = recordOf(deviceKey)
    record.expiresAt = clock.now() + bounds.recordTtlMs
    return record
  }

  function sweep(): void {
    for (const [name, { expiresAt }] of sessions) if (expiresAt <= clock.now()) sessions.delete(name)
    for (const [id, { expiresAt }] of nonceHolders) if (expiresAt <= clock.now()) nonceHolders.delete(id)
    for (const [name, { expiresAt }] of nonces) if (expiresAt <= clock.now()) nonces.delete(name)
    for (const [deviceKey, { expiresAt }] of records) if (expiresAt <= clock.now()) records.delete(deviceKey)
  }
}

function credentialRevisionIn(fields: RecordFields | undefined): number {
  return Number(fields?.get('credentialRevision') ?? '0')
}

function nameOf(key: SessionKey): string {
  return `${key.deviceKey}.${key.token}`
}
