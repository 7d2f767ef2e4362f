import { type Clock, createDeadlines, type Log } from '@sluice/runtime'
import { Redis } from 'ioredis'
import { checkState } from './check-state.ts'
import { countOf } from './nonce-count.ts'
import { HotStoreError } from './hot-store-error.ts'
import type { HotStore, NonceUse, Restored, ResumedSession, SessionKey } from './hot-store.ts'
import { isKnownToReturnCookies, readCredential, readRecord } from './read-record.ts'
import { type RecordStep, stepOf } from './record-step.ts'
import {
  bindNonceScript,
  changeScript,
  forgetScript,
  isRestoredScript,
  lockScript,
  markRestoredScript,
  openScript,
  proveScript,
  rememberScript,
  resumeScript,
  saveScript,
} from './redis-scripts.ts'
import { createScriptRunner, scriptOf } from './run-script.ts'

const scripts = {
  open: scriptOf(openScript),
  resume: scriptOf(resumeScript),
  prove: scriptOf(proveScript),
  bindNonce: scriptOf(bindNonceScript),
  save: scriptOf(saveScript),
  change: scriptOf(changeScript),
  remember: scriptOf(rememberScript),
  forget: scriptOf(forgetScript),
  lock: scriptOf(lockScript),
  markRestored: scriptOf(markRestoredScript),
  isRestored: scriptOf(isRestoredScript),
}

export interface RedisParts {
  /** `redis://[user:password@]host:port[/db]`. */
  readonly url: string
  readonly clock: Clock
  readonly log: Log
  /** How long a call waits for its answer. */
  readonly deadlineMs?: number
  /** Before `sluice:` of every key; for tests that share a server. */
  readonly keyPrefix?: string
}

/** Resolves once it is connected, or once the first try failed: it goes on trying, and `status` says how it stands. */
export async function connectRedis(parts: RedisParts): Promise<HotStore> {
  const { url, clock, log, deadlineMs = 1_000, keyPrefix = '' } = parts
  const redis = new Redis(url, {
    lazyConnect: true,
    // What cannot be sent now is answered now: a device is better off with 503 than with a late answer.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: deadlineMs,
    // While it loads it is away; the client's own rest between two looks is ten seconds.
    maxLoadingRetryTime: 500,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 5), 1_000),
  })
  redis.on('ready', () => {
    log.info({}, 'hot_store.redis.connected')
    void tellEviction()
  })
  let connection = 0
  redis.on('close', () => {
    connection += 1
    log.warn({}, 'hot_store.redis.disconnected')
  })
  redis.on('error', (error: Error) => log.warn({ error: error.message }, 'hot_store.redis.failed'))
  await redis.connect().catch(() => undefined)

  const run = createScriptRunner(redis)
  const inTime = createDeadlines({ ms: deadlineMs, clock, what: 'an answer of Redis' })

  const recordKey = (deviceKey: string) => `${keyPrefix}sluice:{${deviceKey}}:rec`
  const sessionKey = (key: SessionKey) => `${keyPrefix}sluice:{${key.deviceKey}}:ses:${key.token}`
  // Without a nonce any key of the same hash tag will do: it is not looked at.
  const nonceKey = ({ deviceKey }: SessionKey, nonce: NonceUse | undefined) =>
    nonce === undefined ? recordKey(deviceKey) : `${keyPrefix}sluice:{${deviceKey}}:n:${nonce.id}`
  const restoreKey = (what: Restored, which: 'mark' | 'lock') => `${keyPrefix}sluice:{restore}:${what}:${which}`

  return {
    open: (sessions) =>
      each(sessions, async ({ key, state, ttlMs, tentativeMs = ttlMs, version, bootedAt, hasWork, nonce }) => {
        checkState(state)
        const keys = [recordKey(key.deviceKey), sessionKey(key), nonceKey(key, nonce)] as const
        const args = [
          state,
          ttlMs,
          withoutNul(version ?? ''),
          bootedAt ?? '-',
          countOf(nonce),
          nonce?.keepMs ?? 0,
          hasWork === true ? 1 : 0,
          tentativeMs,
        ]
        const [kind, fields] = (await run(scripts.open, keys, args)) as [string, string]
        const pairs = pairsOf(fields)
        const known = {
          cookieVersion: pairs.get('cookies'),
          seq: Number(pairs.get('seq')),
          current: Number(pairs.get('current') ?? '0'),
        }
        const returnsCookies = isKnownToReturnCookies(known, version)
        return { record: readRecord(pairs, clock.now()), returnsCookies, replayed: kind === 'replayed' }
      }),
    resume: (posts) =>
      each(posts, async ({ key, endIfIdle, byCookie, nonce }) => {
        const now = clock.now()
        const keys = [recordKey(key.deviceKey), sessionKey(key), nonceKey(key, nonce)] as const
        const use = [countOf(nonce), nonce?.keepMs ?? 0, nonce?.count === null ? 0 : 1]
        const args = [endIfIdle ? 1 : 0, now, byCookie === true ? 1 : 0, ...use]
        return resumedFrom((await run(scripts.resume, keys, args)) as string[], now)
      }),
    prove: async (keys) => {
      await each(keys, (key) => run(scripts.prove, [recordKey(key.deviceKey), sessionKey(key)], [key.token]))
    },
    bindNonces: (uses) =>
      each(uses, async ({ nonce: { id, keepMs }, deviceKey }) => {
        const answer = await run(scripts.bindNonce, [`${keyPrefix}sluice:{n:${id}}:of`], [deviceKey, keepMs])
        return answer === 'own' ? 'own' : 'another'
      }),
    latest: (deviceKeys) =>
      each(deviceKeys, async (deviceKey) => {
        const fields = ['proven', 'credential', 'credentialRevision']
        const [token = null, credential, revision] = await redis.hmget(recordKey(deviceKey), ...fields)
        return { token, credential: readCredential(credential), credentialRevision: Number(revision ?? '0') }
      }),
    save: (saves) =>
      each(saves, async ({ key, revision, state, ttlMs, ended, changes }) => {
        checkState(state)
        const args = [revision, state, ttlMs, ended ? 1 : 0, ...changes.map(stepOf).flatMap(argumentsOf)]
        const answer = await run(scripts.save, [recordKey(key.deviceKey), sessionKey(key)], args)
        return answer === 'saved' ? 'saved' : 'stale'
      }),
    place: async (placements) => {
      const byDevice = Map.groupBy(placements, ({ deviceKey }) => deviceKey)
      await each([...byDevice], ([deviceKey, own]) =>
        run(scripts.change, [recordKey(deviceKey)], own.map(stepOf).flatMap(argumentsOf)),
      )
    },
    rememberCredentials: (items) =>
      each(items, async ({ deviceKey, credential, revision }) => {
        const answer = await run(scripts.remember, [recordKey(deviceKey)], [JSON.stringify(credential), revision])
        return answer === 'kept' ? 'kept' : 'stale'
      }),
    forgetCredentials: async (deviceKeys) => {
      await each(deviceKeys, (deviceKey) => run(scripts.forget, [recordKey(deviceKey)], []))
    },
    isRestored: async (what) => (await within(run(scripts.isRestored, [restoreKey(what, 'mark')], []))) === 'yes',
    tryRestoreLock: async (what, owner, ttlMs) => {
      const answer = await within(run(scripts.lock, [restoreKey(what, 'lock')], [owner, ttlMs]))
      return answer === 'taken' || answer === 'kept' ? answer : 'refused'
    },
    markRestored: async (what, owner) => {
      const keys = [restoreKey(what, 'mark'), restoreKey(what, 'lock')]
      return (await within(run(scripts.markRestored, keys, [owner]))) === 'marked'
    },
    connection: () => connection,
    status: () => (redis.status === 'ready' ? 'up' : 'down'),
    close: async () => {
      redis.disconnect()
    },
  }

  /** One that drops keys to make room loses watches and used nonces; it is filled anew each time it has (`isRestored`). */
  async function tellEviction(): Promise<void> {
    const memory = await redis.info('memory').catch(() => '')
    const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? 'noeviction'
    if (policy !== 'noeviction') log.error({ policy }, 'hot_store.redis.evicts')
  }

  function each<T, R>(items: readonly T[], ask: (item: T) => Promise<R>): Promise<readonly R[]> {
    return within(Promise.all(items.map(ask)))
  }

  /** Whether a call that failed was carried out is not known: `unavailable` says both. */
  async function within<T>(answer: Promise<T>): Promise<T> {
    try {
      return await inTime(answer)
    } catch (cause) {
      if (cause instanceof HotStoreError) throw cause
      throw new HotStoreError('unavailable', 'Redis is away, late or refused', { cause })
    }
  }
}

function argumentsOf({ op, id, revision, rank, kind, value }: RecordStep): (string | number)[] {
  return [op, id, revision, rank, kind, value]
}

/** As the scripts join them. */
function pairsOf(fields: string): Map<string, string> {
  const flat = fields.split('\0')
  const pairs = new Map<string, string>()
  for (let i = 0; i + 1 < flat.length; i += 2) pairs.set(flat[i]!, flat[i + 1]!)
  return pairs
}

/** What a device reports is the one text on a record that is neither an id nor JSON, which has none. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', '')
}

function resumedFrom(answer: readonly string[], now: number): ResumedSession {
  const [kind, state, revision, ended, fields] = answer as [string, string, string, string, string]
  if (kind === 'superseded' || kind === 'replayed') return { kind }
  if (kind !== 'resumed') return { kind: 'unknown' }
  return { kind, state, revision: Number(revision), ended: ended === '1', record: readRecord(pairsOf(fields), now) }
}
