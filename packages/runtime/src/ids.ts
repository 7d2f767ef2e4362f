import { randomBytes } from 'node:crypto'
import { monotonicFactory } from 'ulid'
import { type Clock, systemClock } from './clock.ts'

/** Makes the ids of the house: a prefix and a ULID, sorted by the time they were made. */
export interface Ids {
  /** `cmp_` */
  campaign(): string
  /** `art_` */
  artifact(): string
  /** `upg_` */
  upgrade(): string
  /** `fw` and a ULID: 28 characters, because it is also the CWMP CommandKey (TR-069 A.3.2.8 allows 32). */
  attempt(): string
  /** `tsk_`: 30 characters, also a CommandKey. */
  task(): string
  /** `ftk_` */
  fleetTask(): string
  /** `obs_` */
  observation(): string
  /** `evt_` */
  event(): string
}

export function createIds(clock: Clock = systemClock): Ids {
  const ulid = monotonicFactory(pooledFraction)
  const make = (prefix: string) => () => prefix + ulid(clock.now())
  return {
    campaign: make('cmp_'),
    artifact: make('art_'),
    upgrade: make('upg_'),
    attempt: make('fw'),
    task: make('tsk_'),
    fleetTask: make('ftk_'),
    observation: make('obs_'),
    event: make('evt_'),
  }
}

const POOL_BYTES = 4_096
let pool = Buffer.alloc(0)

/** A secret of so many random bytes, as base64url. */
export function randomToken(bytes: number): string {
  if (bytes > POOL_BYTES) return randomBytes(bytes).toString('base64url')
  const taken = takeRandom(bytes)
  const token = taken.toString('base64url')
  // What was handed out is a secret of somebody else's now.
  taken.fill(0)
  return token
}

/** Asking the system costs as much for 4,096 bytes as for one. */
function takeRandom(bytes: number): Buffer {
  if (pool.length < bytes) pool = randomBytes(POOL_BYTES)
  const taken = pool.subarray(0, bytes)
  pool = pool.subarray(bytes)
  return taken
}

/** For the characters of a ULID, 32 kinds of them: the library asks for one after the other. */
function pooledFraction(): number {
  return takeRandom(1)[0]! / 256
}

/** From 0 to below 1, for jitter. */
export function randomFraction(): number {
  return Math.random()
}
