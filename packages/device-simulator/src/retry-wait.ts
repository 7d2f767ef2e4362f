/**
 * How long to wait before a failed session is tried again, in seconds: anywhere in the range of TR-069 3.2.1.1, table 3,
 * with m = 5 s and k = 2000. `retry` counts from 1 since the last boot.
 */
export function retryWaitSeconds(retry: number, random: () => number, m = 5, k = 2000): number {
  const factor = k / 1000
  const least = m * factor ** (Math.min(retry, 10) - 1)
  return least + random() * (least * factor - least)
}
