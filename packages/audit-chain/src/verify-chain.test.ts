import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ChainEntry, GENESIS, hashBatch, hashEntry } from './hash-entry.ts'
import { type ChainPart, type HeadClaim, type SealedEntry, createVerifier } from './verify-chain.ts'

const entry = (seq: number, data: unknown = { seq }): ChainEntry => ({
  seq,
  direction: 'note',
  id: null,
  key: null,
  at: 1_000 + seq,
  actor: 'service:x',
  kind: 'upgrade.moved',
  traceparent: null,
  campaignId: 'cmp_1',
  upgradeId: null,
  attemptId: null,
  deviceKey: null,
  data,
})

const hashed = (one: ChainEntry): SealedEntry => ({ kind: 'hash', seq: one.seq, hash: hashEntry(one) })

/** A chain over batches of entries. */
function seal(batches: readonly (readonly ChainEntry[])[]): ChainPart[] {
  let previousHash = GENESIS
  return batches.map((entries, index) => {
    const hash = hashBatch(previousHash, entries.map(hashEntry))
    const sealed = entries.map((one): SealedEntry => ({ kind: 'entry', entry: one }))
    const part: ChainPart = {
      number: index + 1,
      format: 2,
      previousHash,
      hash,
      size: entries.length,
      entries: sealed,
      last: true,
    }
    previousHash = hash
    return part
  })
}

function verify(parts: readonly ChainPart[], claim?: HeadClaim) {
  const verifier = createVerifier(claim)
  for (const part of parts) verifier.take(part)
  return verifier.end()?.reason ?? 'whole'
}

const chain = seal([[entry(1), entry(2), entry(4)], [entry(3), entry(5)], [entry(6)]])
const noted = { hash: chain[1]!.hash, seq: 5 }

test('a chain as it was sealed is whole, and contains every head it had', () => {
  expect(verify(chain)).toBe('whole')
  const heads = [4, 5, 6].map((seq, index) => verify(chain, { hash: chain[index]!.hash, seq }))
  expect(heads).toEqual(['whole', 'whole', 'whole'])
})

test('a tail that was cut off is whole by itself, and does not contain the head that was noted', () => {
  expect(verify(chain.slice(0, 1))).toBe('whole')
  expect(verify(chain.slice(0, 1), noted)).toBe('head_missing')
  expect(verify(chain, { ...noted, seq: 4 })).toBe('head_missing')
})

test('a chain that was written anew from some entry on does not contain the head that was noted', () => {
  const anew = seal([[entry(1), entry(2), entry(4)], [entry(3), entry(5, { seq: 'other' })], [entry(6)]])
  expect(verify(anew)).toBe('whole')
  expect(verify(anew, noted)).toBe('head_missing')
})

test('entries in another order are found, in their batch and between batches', () => {
  const [first, second, third] = chain as [ChainPart, ChainPart, ChainPart]
  expect(verify([{ ...first, entries: first.entries.toReversed() }, second, third])).toBe('entry_changed')
  const exchanged = { ...second, entries: [second.entries[0]!, first.entries[2]!] }
  expect(verify([{ ...first, entries: [...first.entries.slice(0, 2), second.entries[1]!] }, exchanged, third])).toBe(
    'entry_changed',
  )
  expect(verify([second, first, third])).toBe('batch_missing')
})

test('an entry that was erased is stood for by its hash, and only by its own', () => {
  const [first, ...rest] = chain as [ChainPart, ...ChainPart[]]
  const erased = { ...first, entries: [first.entries[0]!, hashed(entry(2)), first.entries[2]!] }
  expect(verify([erased, ...rest])).toBe('whole')
  const other = { ...first, entries: [first.entries[0]!, hashed(entry(2, 'other')), first.entries[2]!] }
  expect(verify([other, ...rest])).toBe('entry_changed')
  const older = { ...erased, format: 1 as const }
  expect(verify([older, ...rest])).toBe('entry_changed')
})

test('however a chain is cut into parts, it is the same; and any one change of it is found', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.jsonValue(), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 5 }),
      fc.nat(),
      (batches, which) => {
        let seq = 0
        const whole = seal(batches.map((entries) => entries.map((data) => entry(++seq, data))))
        const cut = whole.flatMap((part) =>
          part.entries.map((one, index) => ({ ...part, entries: [one], last: index === part.size - 1 })),
        )
        expect(verify(cut)).toBe('whole')
        const changed = which % seq
        const tampered = cut.map((part, index) =>
          index !== changed
            ? part
            : {
                ...part,
                entries: part.entries.map((one) =>
                  one.kind === 'entry' ? { ...one, entry: { ...one.entry, actor: 'x' } } : one,
                ),
              },
        )
        expect(verify(tampered)).toBe('entry_changed')
        const { hash } = whole.at(-1)!
        expect(
          verify(
            cut.filter((_, index) => index !== changed),
            { hash, seq },
          ),
        ).not.toBe('whole')
      },
    ),
    { numRuns: 100 },
  )
})

test('keys in another order are the same entry, and another number is another', () => {
  expect(hashEntry(entry(1, { a: 1, b: [{ d: 1, c: 2 }] }))).toBe(hashEntry(entry(1, { b: [{ c: 2, d: 1 }], a: 1 })))
  expect(hashEntry(entry(1, { a: 1 }))).not.toBe(hashEntry(entry(1, { a: '1' })))
})
