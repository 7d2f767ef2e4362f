import type { AfterReadings, Attempt, Span } from './attempt.ts'
import { addReading } from './check-list.ts'
import { causalTime, clockToleranceMs } from './causal-time.ts'
import type { Ignored } from './effects.ts'
import type { Fact } from './facts.ts'
import { targetSince } from './judge-target.ts'
import { addRestored } from './restoring.ts'
import type { VersionReport } from './version-reports.ts'
import { addReport, latestRunOf } from './version-reports.ts'

type Inform = Fact & { kind: 'informed' }

/**
 * Adds what a fact says to the evidence of a try. Only earliest, latest and first-known values are kept,
 * which is what makes the order and the number of deliveries irrelevant.
 */
export function absorb(attempt: Attempt, told: Fact, targetVersions: string[]): Attempt | Ignored {
  if ('attemptId' in told && told.attemptId !== attempt.attemptId) return 'other_attempt'
  const fact = { ...told, at: causalTime(told, attempt) }
  switch (fact.kind) {
    case 'informed': {
      const at = reportedAt(attempt, fact)
      return at === null ? 'before_the_offer' : absorbInform(attempt, { ...fact, at }, targetVersions)
    }
    case 'download_answered':
      return { ...attempt, answered: firstOf(attempt.answered, { status: fact.status, at: fact.at }) }
    case 'download_faulted':
      return { ...attempt, answerFault: firstOf(attempt.answerFault, faultOf(fact)) }
    case 'download_unanswered':
      return { ...attempt, unansweredAt: earlier(attempt.unansweredAt, fact.at) }
    case 'transfer_completed':
      return absorbTransferComplete(attempt, fact)
    case 'queued_transfers_listed':
      return absorbQueue(attempt, fact)
    case 'queued_transfers_unsupported':
      return { ...attempt, queueUnsupported: true }
    case 'cancel_answered':
      return attempt.cancelRequestedAt === null
        ? 'not_asked'
        : { ...attempt, cancelAnswer: lastOf(attempt.cancelAnswer, { faultCode: fact.faultCode, at: fact.at }) }
    case 'snapshot_read':
      return absorbReading(attempt, fact)
    case 'checks_read':
      return { ...attempt, checks: addReading(attempt.checks ?? [], fact.at, fact.checks) }
    case 'settings_restored': {
      const refused = fact.refused.map(({ name }) => name)
      return { ...attempt, restored: addRestored(attempt.restored, { at: fact.at, names: fact.names, refused }) }
    }
    case 'first_byte_served':
      return { ...attempt, firstByteAt: earlier(attempt.firstByteAt, fact.at) }
    case 'last_byte_served':
      return { ...attempt, lastByteAt: earlier(attempt.lastByteAt, fact.at) }
    case 'download_refused':
      return { ...attempt, refusedByUs: firstOf(attempt.refusedByUs, { reason: fact.reason, at: fact.at }) }
    case 'time_passed':
      return { ...attempt, clockAt: later(attempt.clockAt, fact.at) }
    case 'cancel_requested':
      return isCancelling(attempt)
        ? attempt
        : { ...attempt, cancelRequestedAt: later(attempt.cancelRequestedAt, fact.at) }
    case 'artifact_revoked': {
      const revoked = { ...attempt, revokedAt: earlier(attempt.revokedAt, fact.at) }
      return attempt.cancelRequestedAt === null ? { ...revoked, cancelRequestedAt: fact.at } : revoked
    }
    case 'claim_committed':
      return 'already_offered'
    case 'withdrawn':
      return 'already_offered'
  }
}

/** A cancel was wished for: whatever the device answers to it, there is no other try. */
export function isUnwanted(attempt: Attempt): boolean {
  return attempt.cancelRequestedAt !== null
}

/** A cancel was asked for and not answered yet. */
export function isCancelling(attempt: Attempt): boolean {
  if (attempt.cancelRequestedAt === null) return false
  return attempt.cancelAnswer === null || attempt.cancelAnswer.at + clockToleranceMs < attempt.cancelRequestedAt
}

/**
 * A version that the device did not run at the offer tells of a time after it, even where the gateway's clock is a little
 * behind. The old version tells nothing of the kind: the Inform of the very session in which we claimed would count as a boot.
 */
function isBeforeTheOffer(attempt: Attempt, { at, softwareVersion }: Inform): boolean {
  const changed = softwareVersion !== attempt.fromVersion && !attempt.sameVersion
  return at < attempt.offeredAt - (changed ? clockToleranceMs : 0)
}

/** When the try takes this Inform to have come; null: before the offer, of which it tells nothing then. */
export function reportedAt(attempt: Attempt, inform: Inform): number | null {
  const fact = { ...inform, at: causalTime(inform, attempt) }
  return isBeforeTheOffer(attempt, fact) ? null : Math.max(fact.at, attempt.offeredAt)
}

/** What the version of an Inform is to a try. */
export function versionOn(
  attempt: Attempt,
  { softwareVersion }: Inform,
  targetVersions: string[],
): VersionReport['on'] {
  const isTarget = targetVersions.includes(softwareVersion)
  if (softwareVersion === attempt.fromVersion || (attempt.sameVersion && isTarget)) return 'old'
  return isTarget ? 'target' : 'other'
}

function absorbInform(attempt: Attempt, fact: Inform, targetVersions: string[]): Attempt {
  const seen = { ...attempt }
  const codes = fact.events.map((event) => event.code)
  const booted = codes.includes('1 BOOT') || codes.includes('0 BOOTSTRAP')
  const isRetry = booted && (fact.retryCount ?? 0) > 0
  const asked = booted && codes.includes('M Reboot')
  const boot = { booted, ...(isRetry && { retries: fact.retryCount! }), ...(asked && { asked }) }
  if (booted) seen.boots = widen(attempt.boots, fact.at)
  if (codes.includes('0 BOOTSTRAP')) seen.bootstrapAt = earlier(attempt.bootstrapAt, fact.at)

  const on = versionOn(attempt, fact, targetVersions)
  if (on === 'old') {
    seen.onOld = widen(attempt.onOld, fact.at)
    return withReport(seen, { at: fact.at, on, ...boot })
  }
  if (on === 'target') {
    seen.onTarget = { ...widen(attempt.onTarget, fact.at), sinceAt: fact.at }
    return withReport(seen, { at: fact.at, on, ...boot })
  }
  const newest = !attempt.onOther || fact.at >= attempt.onOther.lastAt
  seen.onOther = {
    ...widen(attempt.onOther, fact.at),
    version: newest ? fact.softwareVersion : attempt.onOther!.version,
  }
  return withReport(seen, { at: fact.at, on, ...boot })
}

/** The proof starts with the first report of the target in its latest unbroken run, in whatever order reports arrive. */
function withReport(attempt: Attempt, report: VersionReport): Attempt {
  const reports = addReport(attempt.reports, report)
  const since = latestRunOf('target', reports)
  return {
    ...attempt,
    reports,
    onTarget: attempt.onTarget && { ...attempt.onTarget, sinceAt: since ?? attempt.onTarget.sinceAt },
  }
}

/** Listed once is listed. That it is absent means something only of a list made for its sake, after the offer. */
function absorbQueue(attempt: Attempt, fact: Fact & { kind: 'queued_transfers_listed' }): Attempt | Ignored {
  const known = attempt.queueListed
  const listed = fact.attemptIds.includes(attempt.attemptId)
  if (!listed && fact.askedFor !== attempt.attemptId) return 'other_attempt'
  if (!listed && fact.at < attempt.offeredAt) return 'before_the_offer'
  if (known && known.listed && !listed) return attempt
  const next = { listed, at: fact.at }
  return { ...attempt, queueListed: known?.listed === listed ? firstOf(known, next) : next }
}

function absorbTransferComplete(attempt: Attempt, fact: Fact & { kind: 'transfer_completed' }): Attempt | Ignored {
  const ours = fact.commandKey === attempt.attemptId
  if (!ours && looksLikeAnAttempt(fact.commandKey)) return 'other_attempt'
  if (fact.at < attempt.offeredAt) return 'before_the_offer'
  const known = ours ? attempt : { ...attempt, commandKeyUnknown: true }
  if (fact.faultCode === 0) return { ...known, completedAt: earlier(attempt.completedAt, fact.at) }
  const first = attempt.transferFault
  const isFirst = !first || fact.at < first.at || (fact.at === first.at && fact.faultCode < first.faultCode)
  return isFirst ? { ...known, transferFault: faultOf(fact) } : known
}

/** An attempt id is `fw` and a ULID. Any other key may be a device that loses keys. */
function looksLikeAnAttempt(commandKey: string): boolean {
  return commandKey.length === 28 && commandKey.startsWith('fw')
}

function absorbReading(attempt: Attempt, fact: Fact & { kind: 'snapshot_read' }): Attempt | Ignored {
  const since = targetSince(attempt)
  const elsewhereAt = Math.max(
    attempt.onOther?.lastAt ?? -Infinity,
    attempt.sameVersion ? -Infinity : (attempt.onOld?.lastAt ?? -Infinity),
  )
  if (since === null || fact.at < since || fact.at < elsewhereAt) return 'not_asked'
  const settings = { ...attempt.after.settings }
  for (const [name, digest] of Object.entries(fact.settings)) {
    if (digest !== null) settings[name] = readAgain(settings[name], { digest, at: fact.at }, attempt)
  }
  const sentinels = { ...attempt.after.sentinels }
  for (const [name, digest] of Object.entries(fact.sentinels)) {
    const known = sentinels[name]
    if (!known || fact.at > known.at) sentinels[name] = { digest, at: fact.at }
  }
  const wan = !attempt.after.wan || fact.at > attempt.after.wan.at ? { up: fact.wanUp, at: fact.at } : attempt.after.wan
  return { ...attempt, after: { settings, sentinels, wan, readAt: later(attempt.after.readAt, fact.at) } }
}

/** The first reading counts; the last one tells whether what was lost is back. */
function readAgain(
  known: AfterReadings['settings'][string] | undefined,
  next: { digest: string; at: number },
  { keepsSettings }: Attempt,
): AfterReadings['settings'][string] {
  if (known === undefined) return next
  const { last = known, ...first } = known
  const earliest = next.at < first.at ? next : { digest: first.digest, at: first.at }
  if (keepsSettings !== true) return earliest
  const latest = next.at > last.at ? next : { digest: last.digest, at: last.at }
  return latest.at === earliest.at ? earliest : { ...earliest, last: latest }
}

const faultOf = ({ faultCode, faultString, at }: { faultCode: number; faultString: string; at: number }) => ({
  faultCode,
  faultString,
  at,
})
/** The earliest; of two at the same time the same one, whichever came first. */
function firstOf<T extends { at: number }>(known: T | null, next: T): T {
  if (known === null || next.at < known.at) return next
  return next.at === known.at && JSON.stringify(next) < JSON.stringify(known) ? next : known
}
function lastOf<T extends { at: number }>(known: T | null, next: T): T {
  if (known === null || next.at > known.at) return next
  return next.at === known.at && JSON.stringify(next) > JSON.stringify(known) ? next : known
}
const earlier = (known: number | null, at: number): number => (known === null ? at : Math.min(known, at))
const later = (known: number | null, at: number): number => (known === null ? at : Math.max(known, at))
const widen = (span: Span | null, at: number): Span => ({
  firstAt: earlier(span?.firstAt ?? null, at),
  lastAt: later(span?.lastAt ?? null, at),
})
