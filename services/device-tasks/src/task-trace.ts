import { createHash } from 'node:crypto'

/** The one trace of a task. Its id follows from the task id, so whoever knows the task joins it without asking. */
export function taskTraceparent(taskId: string): string {
  const hash = createHash('sha256').update(taskId).digest('hex')
  return `00-${hash.slice(0, 32)}-${hash.slice(32, 48)}-01`
}
