import type { Clock } from '@sluice/runtime'
import { bounds } from './bounds.ts'
import { checkState } from './check-state.ts'
import type { HotStore, OpenSession, ResumedSession, ResumePost, SaveSession, SessionKey } from './hot-store.ts'
import { applySteps, isIdle, type RecordFields } from './memory-record.ts'
import { isKnownToReturnCookies, readCredential, readRecord } from './read-record.ts'
import { stepOf } from './record-step.ts'

interface StoredSession {
  state: string
  revision: number
  readonly seq: number
  ended: boolean
  ttlMs: number
  readonly version: string | null
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
  let restored = false
  let restoreLock = { owner: '', until: 0 }
  const cancelSweep = clock.every(60_000, sweep)

  return {
    open: async (opened) => {
      opened.forEach(({ state }) => checkState(state))
      return opened.map((session) => {
        const fields = openOne(session)
        const returnsCookies = isKnownToReturnCookies(fields.get('cookies'), session.version)
        return { record: readRecord(fields, clock.now()), returnsCookies }
      })
    },
    resume: async (posts) => posts.map(resumeOne),
    prove: async (keys) => {
      for (const { deviceKey, token } of keys) records.get(deviceKey)?.fields.set('proven', token)
    },
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
      for (const placement of placements) applySteps(kept(placement.deviceKey).fields, [stepOf(placement)])
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
    isRestored: async () => restored,
    tryRestoreLock: async (owner, ttlMs) => {
      const isHeld = restoreLock.until > clock.now()
      if (isHeld && restoreLock.owner !== owner) return 'refused'
      restoreLock = { owner, until: clock.now() + ttlMs }
      return isHeld ? 'kept' : 'taken'
    },
    markRestored: async (owner) => {
      restored ||= restoreLock.owner === owner && restoreLock.until > clock.now()
      return restored
    },
    connection: () => 0,
    status: () => 'up',
    close: async () => cancelSweep(),
  }

  function openOne({ key, state, ttlMs, version }: OpenSession): RecordFields {
    const record = recordOf(key.deviceKey)
    record.seq += 1
    record.expiresAt = Math.max(record.expiresAt, clock.now() + ttlMs)
    const expiresAt = clock.now() + ttlMs
    sessions.set(nameOf(key), { state, revision: 0, seq: record.seq, ended: false, ttlMs, version, expiresAt })
    return record.fields
  }

  function resumeOne({ key, endIfIdle, byCookie }: ResumePost): ResumedSession {
    const session = sessions.get(nameOf(key))
    if (session === undefined || session.expiresAt <= clock.now()) return { kind: 'unknown' }
    const record = recordOf(key.deviceKey)
    if (session.seq < record.current) {
      sessions.delete(nameOf(key))
      return { kind: 'superseded' }
    }
    if (session.seq > record.current) {
      kept(key.deviceKey).current = session.seq
      if (session.version !== null) {
        record.fields.set('version', session.version)
        if (byCookie === true) record.fields.set('cookies', session.version)
      }
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
    for (const [deviceKey, { expiresAt }] of records) if (expiresAt <= clock.now()) records.delete(deviceKey)
  }
}

function credentialRevisionIn(fields: RecordFields | undefined): number {
  return Number(fields?.get('credentialRevision') ?? '0')
}

function nameOf(key: SessionKey): string {
  return `${key.deviceKey}.${key.token}`
}
