import type { Observation } from '@sluice/contracts'
import type { Fact, FactBody } from '@sluice/rollout'
import type { Queryable } from '@sluice/sql'
import { toMs } from '../parts.ts'
import { type AttemptRow, type LatestAttempt, findAttempts, latestAttempts, nameAttempts } from '../store/attempts.ts'
import type { UpgradeFact } from './move.ts'

export interface Addressed {
  readonly facts: readonly UpgradeFact[]
  readonly orphans: readonly { readonly observation: Observation; readonly reason: string }[]
}

const DOWNLOADED = new Set(['M Download', 'M ScheduleDownload'])

/**
 * Whose facts these are. By the attempt they name; a TransferComplete by its CommandKey, then by the key of the
 * device's last `M Download` event, then as the sole open attempt; all else by the device's open, or else last, try.
 */
export async function addressFacts(tx: Queryable, observations: readonly Observation[]): Promise<Addressed> {
  const named = observations.flatMap(keysIn).filter(isOurs)
  const byKey = new Map((await findAttempts(tx, [...new Set(named)])).map((row) => [row.attemptId, row]))
  await nameAttempts(tx, eventNames(observations, byKey))
  const devices = observations.flatMap(({ deviceKey }) => (deviceKey === null ? [] : [deviceKey]))
  const latest = new Map((await latestAttempts(tx, [...new Set(devices)])).map((row) => [row.deviceKey, row]))

  const facts: UpgradeFact[] = []
  const orphans: Addressed['orphans'][number][] = []
  for (const observation of observations) {
    const found = addressee(observation, byKey, latest)
    if (typeof found === 'string') orphans.push({ observation, reason: found })
    else facts.push(toFact(observation, found))
  }
  return { facts, orphans }
}

/** Keys are device input: what cannot be an attempt id is not asked of the database, which would choke on a NUL. */
const isOurs = (key: string): boolean => /^fw[0-9A-HJKMNP-TV-Z]{26}$/.test(key)

/** Operators' transfers and backups: never guessed to be an attempt's. */
const OTHER_TRANSFERS = /^(?:tsk_|bk)[0-9A-HJKMNP-TV-Z]{26}$/

function keysIn({ fact }: Observation): string[] {
  if ('attemptId' in fact) return [fact.attemptId]
  if (fact.kind === 'transfer_completed') return [fact.commandKey]
  return fact.kind === 'informed' ? fact.events.map((event) => event.commandKey) : []
}

interface Addressee {
  readonly attempt: Pick<AttemptRow, 'upgradeId' | 'deviceKey'>
  /** The key by which the machine is to know a TransferComplete that came with another one. */
  readonly commandKey?: string
}

function addressee(
  { deviceKey, fact }: Observation,
  byKey: ReadonlyMap<string, AttemptRow>,
  latest: ReadonlyMap<string, LatestAttempt>,
): Addressee | string {
  if ('attemptId' in fact) return owned(byKey.get(fact.attemptId), deviceKey)
  if (deviceKey === null) return 'no_device'
  const last = latest.get(deviceKey)
  if (fact.kind === 'transfer_completed') {
    const own = owned(byKey.get(fact.commandKey), deviceKey)
    if (typeof own !== 'string') return own
    if (OTHER_TRANSFERS.test(fact.commandKey)) return 'not_an_upgrade'
    if (last?.namedAttemptId != null && last.namedUpgradeId !== null) {
      return { attempt: { upgradeId: last.namedUpgradeId, deviceKey }, commandKey: last.namedAttemptId }
    }
    return last?.open ? { attempt: last } : 'unknown_command_key'
  }
  return last === undefined ? 'never_offered' : { attempt: last }
}

/** A device speaks for its own attempts alone. */
function owned(attempt: AttemptRow | undefined, deviceKey: string | null): Addressee | string {
  if (attempt === undefined) return 'unknown_attempt'
  return deviceKey === null || attempt.deviceKey === deviceKey ? { attempt } : 'attempt_of_another_device'
}

function toFact({ id, at, deviceKey, fact }: Observation, { attempt, commandKey }: Addressee): UpgradeFact {
  const body: FactBody = fact.kind === 'transfer_completed' && commandKey !== undefined ? { ...fact, commandKey } : fact
  const stamped: Fact = { ...body, id, at: toMs(at) }
  const actor = deviceKey === null ? 'service:file-server' : `device:${deviceKey}`
  return { upgradeId: attempt.upgradeId, actor, fact: stamped }
}

/** Attempts that devices name in their Inform events, with the time. */
function eventNames(
  observations: readonly Observation[],
  byKey: ReadonlyMap<string, AttemptRow>,
): { attemptId: string; at: number }[] {
  return observations.flatMap(({ fact, deviceKey, at }) => {
    if (fact.kind !== 'informed') return []
    return fact.events
      .filter(({ code, commandKey }) => DOWNLOADED.has(code) && byKey.get(commandKey)?.deviceKey === deviceKey)
      .map(({ commandKey }) => ({ attemptId: commandKey, at: toMs(at) }))
  })
}
