import { type Clock, type Log, withDeadline } from '@sluice/runtime'
import { Redis, type Result } from 'ioredis'
import { checkState } from './check-state.ts'
import { HotStoreError } from './hot-store-error.ts'
import type { HotStore, ResumedSession, SessionKey } from './hot-store.ts'
import { isKnownToReturnCookies, readCredential, readRecord } from './read-record.ts'
import { type RecordStep, stepOf } from './record-step.ts'
import {
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

declare module 'ioredis' {
  interface RedisCommander<Context> {
    sluiceOpen(rec: string, ses: string, ...args: (string | number)[]): Result<string[], Context>
    sluiceResume(rec: string, ses: string, ...args: (string | number)[]): Result<unknown[], Context>
    sluiceProve(rec: string, token: string): Result<string, Context>
    sluiceSave(rec: string, ses: string, ...args: (string | number)[]): Result<string, Context>
    sluiceLock(lock: string, owner: string, ttlMs: number): Result<string, Context>
    sluiceRemember(rec: string, credential: string, revision: number): Result<string, Context>
    sluiceForget(rec: string): Result<string, Context>
    sluiceMarkRestored(mark: string, lock: string, owner: string): Result<string, Context>
    sluiceIsRestored(mark: string): Result<string, Context>
    sluiceChange(rec: string, ...args: (string | number)[]): Result<string, Context>
  }
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
    enableAutoPipelining: true,
    // What cannot be sent now is answered now: a device is better off with 503 than with a late answer.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: deadlineMs,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 5), 1_000),
    scripts: {
      sluiceOpen: { lua: openScript, numberOfKeys: 2 },
      sluiceResume: { lua: resumeScript, numberOfKeys: 2 },
      sluiceProve: { lua: proveScript, numberOfKeys: 1 },
      sluiceSave: { lua: saveScript, numberOfKeys: 2 },
      sluiceRemember: { lua: rememberScript, numberOfKeys: 1 },
      sluiceForget: { lua: forgetScript, numberOfKeys: 1 },
      sluiceMarkRestored: { lua: markRestoredScript, numberOfKeys: 2 },
      sluiceIsRestored: { lua: isRestoredScript, numberOfKeys: 1 },
      sluiceLock: { lua: lockScript, numberOfKeys: 1 },
      sluiceChange: { lua: changeScript, numberOfKeys: 1 },
    },
  })
  redis.on('ready', () => log.info({}, 'hot_store.redis.connected'))
  let connection = 0
  redis.on('close', () => {
    connection += 1
    log.warn({}, 'hot_store.redis.disconnected')
  })
  redis.on('error', (error: Error) => log.warn({ error: error.message }, 'hot_store.redis.failed'))
  await redis.connect().catch(() => undefined)

  const recordKey = (deviceKey: string) => `${keyPrefix}sluice:{${deviceKey}}:rec`
  const sessionKey = (key: SessionKey) => `${keyPrefix}sluice:{${key.deviceKey}}:s:${key.token}`
  const restoredKey = `${keyPrefix}sluice:{restore}:mark`
  const restoreLockKey = `${keyPrefix}sluice:{restore}:lock`

  return {
    open: (sessions) =>
      each(sessions, async ({ key, state, ttlMs, version }) => {
        checkState(state)
        const fields = await redis.sluiceOpen(recordKey(key.deviceKey), sessionKey(key), state, ttlMs, version ?? '')
        const pairs = pairsOf(fields)
        const [, cookieVersion] = pairs.find(([field]) => field === 'cookies') ?? []
        const returnsCookies = isKnownToReturnCookies(cookieVersion, version)
        return { record: readRecord(pairs, clock.now()), returnsCookies }
      }),
    resume: (posts) =>
      each(posts, async ({ key, endIfIdle, byCookie }) => {
        const now = clock.now()
        const args = [endIfIdle ? 1 : 0, now, byCookie === true ? 1 : 0]
        return resumedFrom(await redis.sluiceResume(recordKey(key.deviceKey), sessionKey(key), ...args), now)
      }),
    prove: async (keys) => {
      await each(keys, ({ deviceKey, token }) => redis.sluiceProve(recordKey(deviceKey), token))
    },
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
        const answer = await redis.sluiceSave(recordKey(key.deviceKey), sessionKey(key), ...args)
        return answer === 'saved' ? 'saved' : 'stale'
      }),
    place: async (placements) => {
      const byDevice = Map.groupBy(placements, ({ deviceKey }) => deviceKey)
      await each([...byDevice], ([deviceKey, own]) =>
        redis.sluiceChange(recordKey(deviceKey), ...own.map(stepOf).flatMap(argumentsOf)),
      )
    },
    rememberCredentials: (items) =>
      each(items, async ({ deviceKey, credential, revision }) => {
        const answer = await redis.sluiceRemember(recordKey(deviceKey), JSON.stringify(credential), revision)
        return answer === 'kept' ? 'kept' : 'stale'
      }),
    forgetCredentials: async (deviceKeys) => {
      await each(deviceKeys, (deviceKey) => redis.sluiceForget(recordKey(deviceKey)))
    },
    isRestored: async () => (await within(redis.sluiceIsRestored(restoredKey))) === 'yes',
    tryRestoreLock: async (owner, ttlMs) => {
      const answer = await within(redis.sluiceLock(restoreLockKey, owner, ttlMs))
      return answer === 'taken' || answer === 'kept' ? answer : 'refused'
    },
    markRestored: async (owner) =>
      (await within(redis.sluiceMarkRestored(restoredKey, restoreLockKey, owner))) === 'marked',
    connection: () => connection,
    status: () => (redis.status === 'ready' ? 'up' : 'down'),
    close: async () => {
      redis.disconnect()
    },
  }

  function each<T, R>(items: readonly T[], ask: (item: T) => Promise<R>): Promise<readonly R[]> {
    return within(Promise.all(items.map(ask)))
  }

  /** Whether a call that failed was carried out is not known: `unavailable` says both. */
  async function within<T>(answer: Promise<T>): Promise<T> {
    try {
      return await withDeadline(answer, deadlineMs, { clock, what: 'an answer of Redis' })
    } catch (cause) {
      if (cause instanceof HotStoreError) throw cause
      throw new HotStoreError('unavailable', 'Redis is away, late or refused', { cause })
    }
  }
}

function argumentsOf({ op, id, revision, rank, kind, value }: RecordStep): (string | number)[] {
  return [op, id, revision, rank, kind, value]
}

function pairsOf(flat: readonly string[]): (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = []
  for (let i = 0; i + 1 < flat.length; i += 2) pairs.push([flat[i]!, flat[i + 1]!])
  return pairs
}

function resumedFrom(answer: readonly unknown[], now: number): ResumedSession {
  const [kind, state, revision, ended, fields] = answer as [string, string, string, string, string[]]
  if (kind === 'superseded') return { kind }
  if (kind !== 'resumed') return { kind: 'unknown' }
  return { kind, state, revision: Number(revision), ended: ended === '1', record: readRecord(pairsOf(fields), now) }
}
