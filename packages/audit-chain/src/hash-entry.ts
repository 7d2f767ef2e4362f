import { createHash, hash } from 'node:crypto'
import { canonicalJson } from './canonical-json.ts'

/** An entry as it is hashed: every column of the journal. `data` is any JSON value. */
export interface ChainEntry {
  readonly seq: number
  readonly direction: 'in' | 'out' | 'note'
  readonly id: string | null
  readonly key: string | null
  /** Epoch milliseconds. */
  readonly at: number
  readonly actor: string
  readonly kind: string
  readonly traceparent: string | null
  readonly campaignId: string | null
  readonly upgradeId: string | null
  readonly attemptId: string | null
  readonly deviceKey: string | null
  readonly data: unknown
}

/** 1: over whole entries. 2: over their hashes, so that an entry may be erased and its hash stay. */
export type ChainFormat = 1 | 2

/** What the first batch builds on. */
export const GENESIS = '0'.repeat(64)

const COLUMNS = [
  'seq',
  'direction',
  'id',
  'key',
  'at',
  'actor',
  'kind',
  'traceparent',
  'campaignId',
  'upgradeId',
  'attemptId',
  'deviceKey',
  'data',
] as const satisfies readonly (keyof ChainEntry)[]

/** SHA-256, in hexadecimal, of one line of JSON: the columns in their order, the keys of objects sorted. */
export function hashEntry(entry: ChainEntry): string {
  return hash('sha256', lineOf(entry))
}

/** SHA-256 of the hash before and one line per entry: its own hash, or in format 1 the entry itself. */
export function hashBatch(previousHash: string, lines: readonly string[]): string {
  const chained = createHash('sha256').update(previousHash)
  for (const line of lines) chained.update(`\n${line}`)
  return chained.digest('hex')
}

/** What an entry is hashed as. */
export function lineOf(entry: ChainEntry): string {
  return canonicalJson(COLUMNS.map((column) => entry[column]))
}
