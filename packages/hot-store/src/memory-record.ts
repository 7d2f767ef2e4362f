import { bounds } from './bounds.ts'
import type { RecordStep } from './record-step.ts'

/** A device's record as the fields Redis keeps, with the rules of redis-scripts.ts; one suite holds both to them. */
export type RecordFields = Map<string, string>

export function applySteps(fields: RecordFields, steps: readonly RecordStep[]): void {
  for (const step of steps) applyStep(fields, step)
  makeRoom(fields)
}

export function isIdle(fields: RecordFields, now: number): boolean {
  if (Number.parseInt(fields.get('watch') ?? '0', 10) > now) return false
  if (['offer', 'call'].some((field) => fields.get(field)?.includes('"answered":false') === true)) return false
  return !fields.entries().some(([field, value]) => field.startsWith('t:') && Number(value.split('|')[2]) <= now)
}

function applyStep(fields: RecordFields, { op, id, revision, rank, kind, value }: RecordStep): void {
  switch (op) {
    case 'set':
      fields.set(id, value)
      return
    case 'put_watch':
      if (isOlderWatch(fields, id, revision)) return
      fields.set('watch', value).set('watchAt', `${id} ${revision}`)
      return
    case 'drop_watch':
      if (isOlderWatch(fields, id, revision)) return
      fields.delete('watch')
      fields.set('watchAt', `${id} ${revision}`)
      return
    case 'put_task':
      if (numberIn(fields, `x:${kind}:${id}`) >= revision) return
      if (numberIn(fields, `t:${kind}:${id}`) > revision) return
      fields.set(`t:${kind}:${id}`, `${revision}|${rank}|${value}`)
      return
    case 'drop_task':
      for (const each of kind === '' ? ['check', 'cancel'] : [kind]) {
        if (numberIn(fields, `t:${each}:${id}`) <= revision) fields.delete(`t:${each}:${id}`)
        fields.set(`x:${each}:${id}`, String(Math.max(revision, numberIn(fields, `x:${each}:${id}`))))
      }
      return
  }
}

function isOlderWatch(fields: RecordFields, id: string, revision: number): boolean {
  const [markedId = '', markedRevision = '0'] = (fields.get('watchAt') ?? '').split(' ')
  return id < markedId || (id === markedId && revision < Number(markedRevision))
}

function makeRoom(fields: RecordFields): void {
  const kept = [...fields].filter(([field]) => /^[tx]:/.test(field))
  const byKind = Map.groupBy(kept, ([field]) => field.slice(0, field.lastIndexOf(':')))
  for (const [kind, each] of byKind) {
    const isTask = kind.startsWith('t:')
    const leastFirst = each.sort(([a, x], [b, y]) => (isTask ? rankIn(x) - rankIn(y) || compare(b, a) : compare(a, b)))
    const room = isTask ? (rooms.get(kind) ?? 0) : bounds.droppedTasks
    for (const [field] of leastFirst.slice(0, Math.max(0, each.length - room))) fields.delete(field)
  }
}

const rooms = new Map(Object.entries(bounds.tasks).map(([kind, room]) => [`t:${kind}`, room]))

function rankIn(task: string): number {
  return Number(task.split('|')[1])
}

/** As Redis compares: by bytes, which for these names is by code units. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The number a field begins with; -1 where there is no such field. */
function numberIn(fields: RecordFields, field: string): number {
  return Number.parseInt(fields.get(field) ?? '-1', 10)
}
