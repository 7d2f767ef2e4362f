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
  /** `obs_` */
  observation(): string
  /** `evt_` */
  event(): string
}

export function createIds(clock: Clock = systemClock): Ids {
  const ulid = monotonicFactory()
  const make = (prefix: string) => () => prefix + ulid(clock.now())
  return {
    campaign: make('cmp_'),
    artifact: make('art_'),
    upgrade: make('upg_'),
    attempt: make('fw'),
    observation: make('obs_'),
    event: make('evt_'),
  }
}

/** A secret of so many random bytes, as base64url. */
export function randomToken(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}

/** From 0 to below 1, for jitter. */
export function randomFraction(): number {
  return Math.random()
}
