import type { HotRecord } from '@sluice/hot-store'
import { beginCall } from '../tasks/call.ts'
import { beginCancel, continueCancel } from '../tasks/cancel.ts'
import { beginCheck, continueCheck } from '../tasks/check.ts'
import { beginContact, isBackOnOld } from '../tasks/contact.ts'
import { dueHints } from '../tasks/due-hints.ts'
import { beginVersion } from '../tasks/learn-version.ts'
import { beginRekey } from '../tasks/rekey.ts'
import type { Knowledge, Move } from '../tasks/task.ts'
import { beginPutBack, lacksSettings, putBackName } from '../tasks/put-back.ts'
import type { Session } from './session.ts'
import { beginUpgrade } from '../tasks/upgrade.ts'
import { beginVerify, isAtTarget } from '../tasks/verify.ts'

/** What there is to begin with a device, by a name that is unique in its session. */
export interface Chosen {
  readonly name: string
  readonly begin: (known: Knowledge) => Move
}

/**
 * A credential of its own first, then cancels and checks, then a watched device that reports its target (and what it lost is put back) or is back
 * without it, then operators' calls in their order, then upgrades by weight.
 */
export function chooseTask(known: Knowledge): Chosen | null {
  if (isHeldOff(known)) return null
  const { record, session, now } = known
  const candidates = [
    ...rekeyIn(session),
    ...ordersIn(record),
    ...versionIn(record, session),
    ...putBackIn(record, session.model.softwareVersion),
    ...verifyIn(record, session.model.softwareVersion),
    ...contactIn(record, session),
    ...callsIn(record, session),
    ...hintsIn(record, session, now),
  ]
  const fresh = candidates.filter(({ name }) => !session.begun.includes(name))
  // What the last session was asking when it was lost comes after everything else.
  return fresh.find(({ name }) => name !== record.asked) ?? fresh[0] ?? null
}

/** There are models that take no call for minutes after a boot (quirk 46). */
function isHeldOff({ record: { bootedAt }, profile: { postBootHoldOffMs }, now }: Knowledge): boolean {
  return bootedAt !== null && now < bootedAt + postBootHoldOffMs
}

function rekeyIn({ role }: Session): Chosen[] {
  return role === null ? [] : [{ name: 'rekey', begin: (known) => beginRekey(role, known) }]
}

const UNANSWERED = { kind: 'unanswered' } as const

function ordersIn(record: HotRecord): Chosen[] {
  return record.tasks.flatMap((task): Chosen[] => {
    const { kind, taskId: attemptId, revision } = task
    if (kind === 'upgrade' || kind === 'call') return []
    const name = `${kind}:${attemptId}`
    const progress = { attemptId, revision }
    // Asked once and not answered before the session was lost: no device of this kind answers it.
    const begin = (known: Knowledge) => {
      const passedOver = known.record.asked === name
      if (kind === 'cancel') {
        const cancel = { kind, ...progress }
        return passedOver ? continueCancel(cancel, UNANSWERED) : beginCancel(cancel, known)
      }
      const check = { kind, ...progress }
      return passedOver ? continueCheck(check, UNANSWERED) : beginCheck(check, known)
    }
    return [{ name, begin }]
  })
}

function versionIn({ watch }: HotRecord, { unversioned }: Session): Chosen[] {
  return watch === null || unversioned === null ? [] : [{ name: 'version', begin: beginVersion }]
}

/** Before the snapshot, which then shows what is back. */
function putBackIn({ watch }: HotRecord, softwareVersion: string | null): Chosen[] {
  if (!lacksSettings(watch, softwareVersion)) return []
  return [{ name: putBackName(watch.attemptId), begin: (known) => beginPutBack(watch, known) }]
}

function verifyIn({ watch }: HotRecord, softwareVersion: string | null): Chosen[] {
  if (!isAtTarget(watch, softwareVersion)) return []
  return [{ name: `verify:${watch.attemptId}`, begin: (known) => beginVerify(watch, known) }]
}

function contactIn({ watch }: HotRecord, session: Session): Chosen[] {
  // What was offered in this session has not been tried yet.
  if (session.offered !== null || !isBackOnOld(watch, session)) return []
  return [{ name: `contact:${watch.attemptId}`, begin: () => beginContact(watch) }]
}

function callsIn({ tasks }: HotRecord, { offered }: Session): Chosen[] {
  // A device that has just been sent its firmware is left alone with it.
  if (offered !== null) return []
  return tasks
    .filter((task) => task.kind === 'call')
    .map((task) => ({ name: callName(task.taskId), begin: (known) => beginCall(task, known) }))
}

function hintsIn(record: HotRecord, { offered, sentAway, wantsFirmware }: Session, now: number): Chosen[] {
  // One Download a session: what the device does next is not known before it comes back.
  if (offered !== null || sentAway) return []
  return dueHints(record, now, wantsFirmware).map((task) => ({
    name: `upgrade:${task.taskId}`,
    begin: (known) => beginUpgrade(task, known),
  }))
}

/** The name under which an operator's call is begun. */
export function callName(taskId: string): string {
  return `call:${taskId}`
}
