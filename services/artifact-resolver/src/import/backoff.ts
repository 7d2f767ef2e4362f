const LONGEST_MS = 900_000

/** How long a server that failed `failures` times in a row is left alone: twice as long each time, a quarter of an hour at most. */
export function backoffMs(failures: number, firstMs: number): number {
  return Math.min(firstMs * 2 ** Math.max(0, failures - 1), Math.max(LONGEST_MS, firstMs))
}
