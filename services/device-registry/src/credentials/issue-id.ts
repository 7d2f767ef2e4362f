import { createHash } from 'node:crypto'

/** Names one password that was issued by how it lies sealed, which never happens twice. */
export function issueIdOf(sealed: Uint8Array): string {
  return createHash('sha256').update(sealed).digest('hex').slice(0, 32)
}

/** The same in SQL, of a column. */
export const issueIdIn = (column: string): string => `left(encode(sha256(${column}), 'hex'), 32)`
