import { type Flood, type FloodAnswers, flood, floods } from './flood.ts'
import { forgetPeak, peakOf } from './resident-memory.ts'
import type { Gateway } from './start-stand.ts'

/** What the gateway is allowed to hold at its worst. */
export const MOST_BYTES = 200 * 1_000_000

export interface MemoryRow {
  readonly flood: string
  readonly answers: FloodAnswers
  /** Highest resident size of the gateway's process during it, in bytes. */
  readonly peakBytes: number
}

/** The floods one after the other, against one gateway. */
export async function measureMemory(
  gateway: Gateway,
  atOnce: number,
  say: (line: string) => void,
): Promise<MemoryRow[]> {
  const rows: MemoryRow[] = [{ flood: 'nothing, after a warm-up', answers: {}, peakBytes: peakOf(gateway.pid) }]
  for (const one of floods) {
    rows.push(await measureFlood(gateway, one, atOnce))
    say(`${one.name}: ${(rows.at(-1)!.peakBytes / 1e6).toFixed(0)} MB`)
  }
  return rows
}

async function measureFlood(gateway: Gateway, one: Flood, atOnce: number): Promise<MemoryRow> {
  forgetPeak(gateway.pid)
  const answers = await flood(gateway.port, one, atOnce)
  return { flood: one.name, answers, peakBytes: peakOf(gateway.pid) }
}

export function tooMuchMemory(rows: readonly MemoryRow[]): string[] {
  return rows
    .filter(({ peakBytes }) => peakBytes > MOST_BYTES)
    .map(({ flood: name, peakBytes }) => `${(peakBytes / 1e6).toFixed(0)} MB for ${name}, at most 200 were due`)
}
