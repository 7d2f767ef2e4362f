import type { Task, Watch } from '@sluice/contracts'
import { HotStoreError } from './hot-store-error.ts'
import type { HotRecord, Offer, StoredCredential } from './hot-store.ts'
import { rankOf } from './record-step.ts'

/** The record as its fields say; both stores keep these fields. */
export function readRecord(fields: Iterable<readonly [string, string]>, now: number): HotRecord {
  const tasks: Task[] = []
  const record = {
    credential: null as StoredCredential | null,
    credentialRevision: 0,
    watch: null as Watch | null,
    offer: null as Offer | null,
    planted: null as string | null,
    lastVersion: null as string | null,
  }
  try {
    for (const [field, value] of fields) {
      if (field === 'credential') record.credential = readCredential(value)
      else if (field === 'credentialRevision') record.credentialRevision = Number(value)
      else if (field === 'watch') record.watch = readWatch(value, now)
      else if (field === 'offer') record.offer = JSON.parse(value) as Offer
      else if (field === 'planted') record.planted = value
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

/** Whether the device returned its cookie under this version: what a firmware does, it does until it is replaced. */
export function isKnownToReturnCookies(cookieVersion: string | undefined, version: string | null): boolean {
  return version !== null && cookieVersion === version
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
