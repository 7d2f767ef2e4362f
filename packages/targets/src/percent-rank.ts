import { hash } from 'node:crypto'
import { WHOLE } from './expression.ts'

/** Never changed: which devices are the first five percent is the same for ever. */
const SALT = 'sluice percent\0'

/**
 * The place of a device among all there may ever be, 0 to 999,999 in ten-thousandths of a percent. It follows from its
 * key alone, and has nothing to do with its rank in any campaign.
 */
export function percentRank(deviceKey: string): number {
  const first48Bits = Number.parseInt(hash('sha256', SALT + deviceKey).slice(0, 12), 16)
  return Math.floor((first48Bits * WHOLE) / 2 ** 48)
}
