import type { Placement, Task } from '@sluice/contracts'
import type { RecordChange } from './hot-store.ts'

/**
 * One change of a record in the flat form both stores apply. `value` is stored as it is, so that no script has to
 * read JSON; what a script must compare travels beside it.
 */
export interface RecordStep {
  readonly op: 'set' | 'put_watch' | 'drop_watch' | 'put_task' | 'drop_task'
  /** Field, attempt id or task id. */
  readonly id: string
  readonly revision: number
  /** Of a task: the greater one goes first, and the smallest one goes when there is no room. */
  readonly rank: number
  /** Of a task; empty in a drop: a check and a cancel, which both bear their attempt's id. */
  readonly kind: string
  readonly value: string
}

const plain = { revision: 0, rank: 0, kind: '', value: '' }

export function stepOf(change: RecordChange | Placement): RecordStep {
  switch (change.op) {
    case 'put_offer':
      return { ...plain, op: 'set', id: 'offer', value: JSON.stringify(change.offer) }
    case 'put_call':
      return { ...plain, op: 'set', id: 'call', value: JSON.stringify(change.call) }
    case 'put_asked':
      return { ...plain, op: 'set', id: 'asked', value: change.name ?? '' }
    case 'put_refused_arguments':
      return { ...plain, op: 'set', id: 'refusedArguments', value: change.refused }
    case 'put_planted':
      return { ...plain, op: 'set', id: 'planted', value: change.attemptId }
    case 'put_returned':
      return { ...plain, op: 'set', id: 'returned', value: change.attemptId }
    case 'put_watch': {
      const { attemptId, revision, until } = change.watch
      const value = `${Date.parse(until)}|${JSON.stringify(change.watch)}`
      return { ...plain, op: 'put_watch', id: attemptId, revision, value }
    }
    case 'drop_watch':
      return { ...plain, op: 'drop_watch', id: change.attemptId, revision: change.revision }
    case 'put_task': {
      const { kind, taskId, revision } = change.task
      const value = `${notBeforeOf(change.task)}|${JSON.stringify(change.task)}`
      return { op: 'put_task', id: taskId, revision, rank: rankOf(change.task), kind, value }
    }
    case 'drop_task':
      return {
        ...plain,
        op: 'drop_task',
        id: change.taskId,
        revision: change.revision,
        kind: 'kind' in change ? change.kind : kindNamedBy(change.taskId),
      }
  }
}

/** A cancel before a check before any hint: they speak of a device that may be flashing right now. */
export function rankOf(task: Task): number {
  switch (task.kind) {
    case 'cancel':
      return 2 ** 50 + 1
    case 'check':
      return 2 ** 50
    // An operator waits for it.
    case 'call':
      return 2 ** 49
    case 'upgrade':
      return task.weight
  }
}

function kindNamedBy(taskId: string): 'upgrade' | 'call' | '' {
  if (taskId.startsWith('upg_')) return 'upgrade'
  return taskId.startsWith('tsk_') ? 'call' : ''
}

function notBeforeOf(task: Task): string {
  return task.kind === 'upgrade' && task.notBefore !== null ? String(Date.parse(task.notBefore)) : '0'
}
