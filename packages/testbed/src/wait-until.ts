import { setTimeout as sleep } from 'node:timers/promises'

/** Polls until `condition` answers true (or resolves to it); throws `describe()` after `deadlineMs`. An error inside counts as "not yet". */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  {
    deadlineMs = 30_000,
    everyMs = 20,
    describe = () => 'it did not happen',
  }: { deadlineMs?: number; everyMs?: number; describe?: () => string } = {},
): Promise<void> {
  const deadline = performance.now() + deadlineMs
  let lastError: unknown
  for (;;) {
    try {
      if (await condition()) return
    } catch (error) {
      lastError = error
    }
    if (performance.now() > deadline) throw new Error(`${describe()} within ${deadlineMs} ms`, { cause: lastError })
    await sleep(everyMs)
  }
}
