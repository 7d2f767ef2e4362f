import type { HotRecord, RecordChange } from '@sluice/hot-store'

/** The record as it will stand once these changes are saved: what the rest of a step goes by. */
export function withChanges(record: HotRecord, changes: readonly RecordChange[]): HotRecord {
  return changes.reduce(withChange, record)
}

function withChange(record: HotRecord, change: RecordChange): HotRecord {
  switch (change.op) {
    case 'put_offer':
      return { ...record, offer: change.offer }
    case 'put_call':
      return { ...record, call: change.call }
    case 'put_asked':
      return { ...record, asked: change.name }
    case 'put_refused_arguments':
      return { ...record, refusedArguments: change.refused }
    case 'put_planted':
      return { ...record, planted: change.attemptId }
    case 'put_returned':
      return { ...record, returned: change.attemptId }
    case 'put_watch':
      return { ...record, watch: change.watch }
    case 'drop_task':
      return { ...record, tasks: record.tasks.filter((task) => !isSame(task, change)) }
    case 'put_task':
      return { ...record, tasks: [...record.tasks.filter((task) => !isSame(task, change.task)), change.task] }
  }
}

function isSame(a: { kind: string; taskId: string }, b: { kind: string; taskId: string }): boolean {
  return a.kind === b.kind && a.taskId === b.taskId
}
