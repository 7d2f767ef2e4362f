import type { HotRecord } from '@sluice/hot-store'
import { beginCancel } from '../tasks/cancel.ts'
import { beginCheck } from '../tasks/check.ts'
import { beginContact, isBackOnOld } from '../tasks/contact.ts'
import { dueHints } from '../tasks/due-hints.ts'
import type { Knowledge, Move } from '../tasks/task.ts'
import type { Session } from './session.ts'
import { beginUpgrade } from '../tasks/upgrade.ts'
import { beginVerify, isAtTarget } from '../tasks/verify.ts'

/** What there is to begin with a device, by a name that is unique in its session. */
export interface Chosen {
  readonly name: string
  readonly begin: (known: Knowledge) => Move
}

/** Cancels and checks first, then a watched device that reports its target or is back without it, then upgrades by weight. */
export function chooseTask({ record, session, now }: Knowledge): Chosen | null {
  const candidates = [
    ...ordersIn(record),
    ...verifyIn(record, session.model.softwareVersion),
    ...contactIn(record, session),
    ...hintsIn(record, now),
  ]
  const fresh = candidates.filter(({ name }) => !session.begun.includes(name))
  // One Download a session: what the device does next is not known before it comes back.
  return fresh.find(({ name }) => session.offered === null || !name.startsWith('upgrade:')) ?? null
}

function ordersIn(record: HotRecord): Chosen[] {
  return record.tasks.flatMap((task): Chosen[] => {
    const { kind, taskId: attemptId, revision } = task
    if (kind === 'upgrade') return []
    const begin = (known: Knowledge) =>
      kind === 'check'
        ? beginCheck({ kind, attemptId, revision }, known)
        : beginCancel({ kind, attemptId, revision }, known)
    return [{ name: `${kind}:${attemptId}`, begin }]
  })
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

function hintsIn(record: HotRecord, now: number): Chosen[] {
  return dueHints(record, now).map((task) => ({
    name: `upgrade:${task.taskId}`,
    begin: (known) => beginUpgrade(task, known),
  }))
}
