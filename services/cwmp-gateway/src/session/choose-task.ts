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
  const { first, again } = ordersIn(record)
  const work = [
    ...rekeyIn(session),
    ...first,
    ...versionIn(record, session),
    ...putBackIn(record, session.model.softwareVersion),
    ...verifyIn(record, session.model.softwareVersion),
    ...contactIn(record, session),
    ...callsIn(record, session),
  ]
  const hints = hintsIn(record, session, now)
  const isFresh = ({ name }: Chosen) => !session.begun.includes(name)
  const isDue = (chosen: Chosen) => isFresh(chosen) && chosen.name !== record.asked
  // What the last session was asking when it was lost comes after everything else; but while it is not known what a
  // device holds, it is offered nothing.
  return work.find(isDue) ?? again.find(isFresh) ?? hints.find(isDue) ?? [...work, ...hints].find(isFresh) ?? null
}

/** There are models that take no call for minutes after a boot (quirk 46). One that is hours ahead of us was noted before the clock was set back. */
function isHeldOff({ record: { bootedAt }, profile: { postBootHoldOffMs }, now }: Knowledge): boolean {
  return bootedAt !== null && Math.abs(now - bootedAt) < postBootHoldOffMs
}

function rekeyIn({ role }: Session): Chosen[] {
  return role === null ? [] : [{ name: 'rekey', begin: (known) => beginRekey(role, known) }]
}

const UNANSWERED = { kind: 'unanswered' } as const

interface Orders {
  readonly first: Chosen[]
  /** Those that a session was lost over. */
  readonly again: Chosen[]
}

/**
 * Cancels and checks. One that a session was lost over is asked once more, because that may have been our own doing (a
 * gateway that stopped, a store that was away); a device that is lost over it twice does not answer it.
 */
function ordersIn({ tasks, asked }: HotRecord): Orders {
  const orders: Orders = { first: [], again: [] }
  for (const { kind, taskId: attemptId, revision } of tasks) {
    if (kind === 'upgrade' || kind === 'call') continue
    const name = `${kind}:${attemptId}`
    const secondName = `${name} again`
    const begin = (known: Knowledge) => beginOrder({ kind, attemptId, revision }, known)
    const giveUp = () => passOver({ kind, attemptId, revision })
    if (asked === name) orders.again.push({ name: secondName, begin })
    else if (asked === secondName) orders.again.push({ name: secondName, begin: giveUp })
    else orders.first.push({ name, begin })
  }
  return orders
}

interface Order {
  readonly kind: 'check' | 'cancel'
  readonly attemptId: string
  readonly revision: number
}

function beginOrder({ kind, ...order }: Order, known: Knowledge): Move {
  return kind === 'cancel' ? beginCancel({ kind, ...order }, known) : beginCheck({ kind, ...order }, known)
}

function passOver({ kind, ...order }: Order): Move {
  return kind === 'cancel'
    ? continueCancel({ kind, ...order }, UNANSWERED)
    : continueCheck({ kind, ...order }, UNANSWERED)
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
