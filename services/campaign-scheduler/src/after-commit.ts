import type { Log } from '@sluice/runtime'

/** What follows a commit is no reason to call the work undone: a failure is logged, and mended at the next look. */
export async function afterCommit(log: Log, event: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    log.error({ err: error }, event)
  }
}
