import type { HotRecord } from '@sluice/hot-store'
import type { Placement, Task } from '@sluice/contracts'
import type { Session } from '../session/session.ts'

/** A device of which nothing is remembered. */
export const blankRecord: HotRecord = {
  credential: null,
  credentialRevision: 0,
  watch: null,
  tasks: [],
  offer: null,
  call: null,
  asked: null,
  refusedArguments: null,
  bootedAt: null,
  planted: null,
  returned: null,
  lastVersion: null,
}

/** A session right after its Inform. */
export const informedSession: Session = {
  sessionId: 'session',
  deviceKey: 'dev_' + 'a'.repeat(26),
  model: { oui: '00D09E', productClass: 'HomeBox', hardwareVersion: null, softwareVersion: '1.0', root: 'Device.' },
  cwmpVersion: '1.2',
  booted: false,
  takesAliases: false,
  unversioned: null,
  methodKeys: [],
  role: null,
  issueId: null,
  ttlMs: 60_000,
  outstanding: null,
  running: null,
  begun: [],
  calls: 0,
  offered: null,
  sentAway: false,
  wantsFirmware: false,
  empties: 0,
  broken: false,
}

export function taskOf(placement: Placement): Task {
  if (placement.op !== 'put_task') throw new Error('no task')
  return placement.task
}
