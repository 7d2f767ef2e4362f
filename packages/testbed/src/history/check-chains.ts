import { createHash } from 'node:crypto'
import type { Chain, History, Violation } from './history.ts'

/** Every row stands in its batch unchanged, and every batch builds on the one before. */
export function checkChains(history: History): Violation[] {
  return history.chains.flatMap(checkChain)
}

function checkChain({ schema, rows, batches, unsealed }: Chain): Violation[] {
  const broken = (detail: string): Violation => ({ rule: 'hash_chain', detail: `${schema}: ${detail}` })
  const violations: Violation[] = []
  let previous = '0'.repeat(64)
  for (const [index, batch] of batches.entries()) {
    if (batch.number !== index + 1 || batch.previousHash !== previous) {
      violations.push(broken(`batch ${index + 1} does not build on the one before`))
    }
    const sealed = batch.seqs.flatMap((seq) => (rows.has(seq) ? [rows.get(seq)!] : []))
    if (sealed.length !== batch.seqs.length) violations.push(broken(`rows of batch ${batch.number} are missing`))
    else if (hashOf(batch.previousHash, sealed, batch.format) !== batch.hash) {
      violations.push(broken(`rows of batch ${batch.number} were changed`))
    }
    previous = batch.hash
  }
  const known = [...batches.flatMap(({ seqs }) => seqs), ...unsealed]
  if (new Set(known).size !== known.length || known.length !== rows.size) {
    violations.push(broken(`${rows.size} rows, of which ${known.length} are sealed or wait for it`))
  }
  return violations
}

/** SHA-256 of the hash before and one line per row: its JSON, the keys of objects sorted, or since format 2 the SHA-256 of that. */
function hashOf(previousHash: string, rows: readonly (readonly unknown[])[], format = 1): string {
  const hash = createHash('sha256').update(previousHash)
  for (const row of rows) {
    const line = JSON.stringify(sorted(row))
    hash.update(`\n${format === 1 ? line : createHash('sha256').update(line).digest('hex')}`)
  }
  return hash.digest('hex')
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, sorted(part)]),
  )
}
