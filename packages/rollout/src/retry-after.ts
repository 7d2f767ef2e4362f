import { createHash } from 'node:crypto'

import type { RefusalReason } from './attempt.ts'
import type { Effect } from './effects.ts'
import type { Policy } from './policy.ts'
import type { Try } from './upgrade.ts'
import { nextOpening } from './window-at.ts'

/** One row of the retry table. Fault codes: TR-069 A.5. Vendors disagree on them, and one table is for all (DESIGN.md). */
export interface RetryRule {
  name: string
  faults: readonly (readonly [first: number, last: number])[]
  where: 'answer' | 'transfer' | 'any'
  /** How often this rule may retry within one upgrade. */
  retries: number
  after: 'at_once' | 'backoff' | 'next_window' | 'next_day'
  charged: boolean
  with: 'same' | 'other_arguments' | 'new_credential' | 'plain_download'
  effects: readonly Effect[]
}

const plain = { where: 'any', retries: 1, after: 'backoff', charged: true, with: 'same', effects: [] } as const

/** The first rule that fits applies. */
const retryTable: readonly RetryRule[] = [
  {
    ...plain,
    name: 'arguments_refused',
    faults: [[9002, 9003]],
    where: 'answer',
    after: 'at_once',
    with: 'other_arguments',
    effects: [{ kind: 'block_model', reason: 'download_arguments_refused', afterDevices: 3 }],
  },
  {
    ...plain,
    name: 'not_supported',
    faults: [
      [9000, 9000],
      [9013, 9013],
    ],
    retries: 0,
    effects: [{ kind: 'block_model', reason: 'download_not_supported', afterDevices: 3 }],
  },
  {
    ...plain,
    name: 'server_unreachable',
    faults: [
      [9015, 9015],
      [9017, 9017],
    ],
    retries: Infinity,
  },
  { ...plain, name: 'file_access', faults: [[9016, 9016]], retries: Infinity },
  {
    ...plain,
    name: 'credentials_refused',
    faults: [[9012, 9012]],
    with: 'new_credential',
    effects: [{ kind: 'alarm', code: 'transfer_credentials_refused', aboveShareOfWave: 0.01 }],
  },
  { ...plain, name: 'queue_full', faults: [[9004, 9004]], retries: Infinity },
  {
    ...plain,
    name: 'transfer_failed',
    faults: [
      [9010, 9010],
      [9002, 9002],
    ],
    where: 'transfer',
    retries: 2,
  },
  { ...plain, name: 'outside_window', faults: [[9020, 9020]], retries: Infinity, after: 'next_window', charged: false },
  {
    ...plain,
    name: 'image_refused',
    faults: [[9018, 9019]],
    retries: 0,
    effects: [{ kind: 'suspect_image', faultCode: 9018, afterDevices: 5 }],
  },
  { ...plain, name: 'any_other', faults: [[0, 65535]], after: 'next_day' },
]

/** A device that lost the Download, by its own word (GetAllQueuedTransfers does not list it). */
const lostRule: RetryRule = { ...plain, name: 'lost', faults: [], retries: Infinity, after: 'at_once' }

/**
 * ScheduleDownload refused in the answer: the device does not know it, or not these windows and modes (TR-069 A.4.1.8).
 * Download remains, and what it says of the model is learnt.
 */
const scheduleRule: RetryRule = {
  ...plain,
  name: 'schedule_refused',
  faults: [
    [9000, 9000],
    [9002, 9003],
  ],
  where: 'answer',
  after: 'at_once',
  charged: false,
  with: 'plain_download',
}

export interface FailedTry {
  attemptId: string
  at: number
  /** Null: the device never had the Download. */
  faultCode: number | null
  where: 'answer' | 'transfer' | 'lost'
  refusedByUs: RefusalReason | null
  /** The device had the whole image: what it says of it is then no echo of our refusal. */
  servedWhole: boolean
  /** Our gateways or file server were down during this try. */
  wasExcused: boolean
  /** When the last window of its ScheduleDownload ends; null: it was told by Download. */
  scheduledUntil: number | null
  /** The subscriber's IANA zone; null: the zone each window names. */
  zone: string | null
}

export type RetryAnswer = {
  kind: 'retry' | 'give_up'
  rule: string
  charged: boolean
  effects: Effect[]
} & ({ kind: 'retry'; at: number; with: RetryRule['with'] } | { kind: 'give_up' })

/** Tries of one upgrade, charged or not: a loop that costs the device nothing has to end as well. */
export const mostTries = 20

/** Whether, when and how to try again after a failed try. `history`: the tries before it, oldest first. */
export function retryAfter(failedTry: FailedTry, history: readonly Try[], policy: Policy): RetryAnswer {
  const rule = ruleFor(failedTry)
  const ourFault = isOurFault(failedTry)
  const charged = rule.charged && !ourFault
  const answer = { rule: rule.name, charged }
  const effects = effectsOf(rule, failedTry, ourFault)

  const usedByRule = history.filter((past) => past.reason === rule.name && past.charged).length
  const chargedSoFar = history.filter((past) => past.charged).length + (charged ? 1 : 0)
  const withinRule = rule.retries > 0 && (!charged || usedByRule < rule.retries)
  const { maxAttempts } = policy.retries
  const withinAttempts =
    (!charged || chargedSoFar < maxAttempts) && history.length + 1 < Math.max(mostTries, maxAttempts)
  if (!(withinRule || ourFault) || !withinAttempts) return { kind: 'give_up', ...answer, effects }
  return {
    kind: 'retry',
    at: timeOf(ourFault ? 'backoff' : rule.after, failedTry, history, policy),
    with: rule.with,
    ...answer,
    // One set of arguments refused says nothing of the model yet: only that it wants the other one.
    effects: rule.with === 'other_arguments' ? [] : effects,
  }
}

function ruleFor({ faultCode, where, scheduledUntil }: FailedTry): RetryRule {
  if (where === 'lost' || faultCode === null) return lostRule
  const fits = (rule: RetryRule) =>
    (rule.where === 'any' || rule.where === where) &&
    rule.faults.some(([first, last]) => faultCode >= first && faultCode <= last)
  if (scheduledUntil !== null && fits(scheduleRule)) return scheduleRule
  return retryTable.find(fits) ?? { ...plain, name: 'any_other', faults: [], after: 'next_day' }
}

/**
 * Our file server refused this try, or was down: ours is then what transfer trouble it caused. After a refusal any
 * fault is ours unless the device had the whole image all the same (some flash the page that came with our 503). What
 * a device answers to the Download itself is never ours: it had not asked for a byte.
 */
function isOurFault({ faultCode, where, refusedByUs, servedWhole, wasExcused }: FailedTry): boolean {
  if (where === 'answer') return false
  if (refusedByUs !== null && !servedWhole) return true
  return (refusedByUs !== null || wasExcused) && isTransferTrouble(faultCode)
}

function effectsOf(rule: RetryRule, { faultCode, refusedByUs }: FailedTry, ourFault: boolean): Effect[] {
  if (ourFault && (refusedByUs === 'unauthorized' || refusedByUs === 'expired'))
    return [{ kind: 'alarm', code: 'own_file_server_refused', aboveShareOfWave: null }]
  if (ourFault && refusedByUs !== null) return []
  if (rule === scheduleRule) return [SCHEDULES_NOT]
  return rule.effects.map((effect) =>
    effect.kind === 'suspect_image' && faultCode !== null ? { ...effect, faultCode } : effect,
  )
}

/** One device speaks for itself; what a model cannot do is believed of three. */
const SCHEDULES_NOT: Effect = { kind: 'learn_model', lesson: 'no_schedule_download', afterDevices: 3 }

function timeOf(after: RetryRule['after'], failedTry: FailedTry, history: readonly Try[], policy: Policy): number {
  switch (after) {
    case 'at_once':
      return failedTry.at
    case 'next_day':
      return failedTry.at + policy.retries.nextDayMs
    case 'next_window':
      // A device that is told its windows need not wait for one to be told the next: but never the same ones again.
      if (failedTry.scheduledUntil !== null) return Math.max(failedTry.at, failedTry.scheduledUntil)
      return nextOpening(policy, failedTry.zone, failedTry.at) ?? failedTry.at + policy.retries.nextDayMs
    case 'backoff':
      return failedTry.at + backoffMs(failedTry.attemptId, history.length, policy)
  }
}

/** Doubles with each try up to a day; spread by a quarter either way, by the attempt's id, so a replay gives the same. */
function backoffMs(attemptId: string, triesBefore: number, { retries }: Policy): number {
  const full = Math.min(
    retries.backoffMs * 2 ** Math.min(triesBefore, 20),
    Math.max(retries.nextDayMs, retries.backoffMs),
  )
  const spread = createHash('sha256').update(attemptId).digest().readUInt32BE(0) / 2 ** 32
  return Math.round(full * (0.75 + spread / 2))
}

/** Faults a file server in trouble causes: failed, credentials, unreachable, access, cut off (TR-069 A.5). */
function isTransferTrouble(faultCode: number | null): boolean {
  return faultCode === 9010 || faultCode === 9012 || (faultCode !== null && faultCode >= 9015 && faultCode <= 9017)
}
