import type { Task, Watch } from '@sluice/contracts'
import { HotStoreError } from './hot-store-error.ts'
import type { HotRecord, Offer, SentCall, StoredCredential } from './hot-store.ts'
import { rankOf } from './record-step.ts'

/** The record as its fields say; both stores keep these fields. */
export function readRecord(fields: Iterable<readonly [string, string]>, now: number): HotRecord {
  const tasks: Task[] = []
  const record = {
    credential: null as StoredCredential | null,
    credentialRevision: 0,
    watch: null as Watch | null,
    offer: null as Offer | null,
    call: null as SentCall | null,
    asked: null as string | null,
    refusedArguments: null as HotRecord['refusedArguments'],
    bootedAt: null as number | null,
    planted: null as string | null,
    returned: null as string | null,
    lastVersion: null as string | null,
  }
  try {
    for (const [field, value] of fields) {
      if (field === 'credential') record.credential = readCredential(value)
      else if (field === 'credentialRevision') record.credentialRevision = Number(value)
      else if (field === 'watch') record.watch = readWatch(value, now)
      else if (field === 'offer') record.offer = JSON.parse(value) as Offer
      else if (field === 'call') record.call = JSON.parse(value) as SentCall
      else if (field === 'asked') record.asked = value === '' ? null : value
      else if (field === 'refusedArguments') record.refusedArguments = value === 'minimal' ? 'minimal' : 'all'
      else if (field === 'bootedAt') record.bootedAt = Number(value)
      else if (field === 'planted') record.planted = value
      else if (field === 'returned') record.returned = value
      else if (field === 'version') record.lastVersion = value
      else if (field.startsWith('t:')) tasks.push(readTask(value))
    }
  } catch (cause) {
    throw new HotStoreError('unreadable', 'a device record holds what this package never wrote', { cause })
  }
  return { ...record, tasks: tasks.sort(byRankThenAge) }
}

export function readCredential(value: string | null | undefined): StoredCredential | null {
  try {
    return value === null || value === undefined ? null : (JSON.parse(value) as StoredCredential)
  } catch (cause) {
    throw new HotStoreError('unreadable', 'a device record holds what this package never wrote', { cause })
  }
}

/**
 * Whether the device returned its cookie in the session before this one, under this version. One that nobody
 * continued may be that of a device which has ceased to: it has to be found without.
 */
export function isKnownToReturnCookies(
  { cookieVersion, seq, current }: { cookieVersion: string | undefined; seq: number; current: number },
  version: string | null,
): boolean {
  return version !== null && cookieVersion === version && current === seq - 1
}

/** `<until>|<json>`, in epoch ms. */
function readWatch(value: string, now: number): Watch | null {
  return Number.parseInt(value, 10) <= now ? null : (JSON.parse(value.slice(value.indexOf('{'))) as Watch)
}

/** `<revision>|<rank>|<notBefore>|<json>`. */
function readTask(value: string): Task {
  return JSON.parse(value.slice(value.indexOf('{'))) as Task
}

/** Ids are ULIDs with prefixes, so their order is their age. */
function byRankThenAge(a: Task, b: Task): number {
  return rankOf(b) - rankOf(a) || (a.taskId < b.taskId ? -1 : a.taskId > b.taskId ? 1 : 0)
}
