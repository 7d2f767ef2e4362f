import { createHash } from 'node:crypto'
import type { Clock } from '@sluice/runtime'

export interface MeasuredCopy {
  /** Of what was read: no more than one byte beyond the most. */
  readonly size: number
  readonly sha256: string
}

/** Hashes a copy as it comes, no faster than told, and stops as soon as it is longer than `most` bytes. */
export async function measureCopy(
  body: AsyncIterable<Uint8Array>,
  { most, bytesPerSecond, clock }: { readonly most: number; readonly bytesPerSecond: number; readonly clock: Clock },
): Promise<MeasuredCopy> {
  const hash = createHash('sha256')
  const begun = clock.now()
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    hash.update(chunk)
    if (size > most) break
    const ahead = begun + (size / bytesPerSecond) * 1_000 - clock.now()
    if (ahead > 0) await clock.sleep(ahead)
  }
  return { size, sha256: hash.digest('hex') }
}
