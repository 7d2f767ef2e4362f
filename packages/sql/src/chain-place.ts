import type { ChainFormat } from '@sluice/audit-chain'
import { SqlError } from './sql-error.ts'

export type Batch = { number: number; seqs: number[]; previous_hash: string; hash: string; format: ChainFormat }

/** After batch `batch`; with a `seq`, within it, after that row. */
export type Place = { readonly batch: number; readonly seq: number }

/** What one page may have, so that it travels in one message. */
export const MOST_BYTES = 600_000

/** `12`: after batch 12. `12.345`: within batch 12, after row 345. Throws SqlError `invalid`. */
export function readPlace(text: string): Place {
  const [, batch, seq] = /^(\d{1,15})(?:\.(\d{1,15}))?$/.exec(text) ?? []
  if (batch === undefined) throw new SqlError('invalid', 'that is no place in the chain')
  return { batch: Number(batch), seq: Number(seq ?? 0) }
}

export const placeText = ({ batch, seq }: Place): string => (seq === 0 ? `${batch}` : `${batch}.${seq}`)
