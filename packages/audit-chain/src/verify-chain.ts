import { type ChainEntry, type ChainFormat, GENESIS, hashBatch, hashEntry, lineOf } from './hash-entry.ts'

/** An entry of a batch; once erased (or too large to be carried), its hash stands in its place. */
export type SealedEntry =
  | { readonly kind: 'entry'; readonly entry: ChainEntry }
  | { readonly kind: 'hash'; readonly seq: number; readonly hash: string }

/** A batch, or a part of one: they come in their order, and `last` ends a batch. */
export interface ChainPart {
  readonly number: number
  readonly format: ChainFormat
  readonly previousHash: string
  readonly hash: string
  /** How many entries the whole batch was sealed with. */
  readonly size: number
  readonly entries: readonly SealedEntry[]
  readonly last: boolean
}

export type BreachReason =
  /** A batch does not build on the one before it, or one is missing. */
  | 'batch_missing'
  | 'entry_missing'
  /** What stands there is not what was sealed: changed, exchanged or re-ordered. */
  | 'entry_changed'
  /** Entries that are neither sealed nor wait for it. */
  | 'entry_added'
  /** The chain ends before a head that was noted, or does not contain it. */
  | 'head_missing'

export interface Breach {
  readonly reason: BreachReason
  /** The batch in which it was seen. */
  readonly batch: number
  /** The sequence numbers between which it lies. */
  readonly fromSeq: number
  readonly toSeq: number
}

/** A head somebody noted elsewhere, with the last sequence number it covered. */
export interface HeadClaim {
  readonly hash: string
  readonly seq: number
}

export interface Summary {
  readonly batches: number
  readonly entries: number
  /** Of them those whose content is gone and whose hash stands for them. */
  readonly hashesOnly: number
  /** Hash of the last batch, and the highest sequence number sealed. */
  readonly head: string
  readonly headSeq: number
}

export interface Verifier {
  /** Takes the next part; answers the first breach, and from then on always the same. */
  take(part: ChainPart): Breach | undefined
  /** At the end: whether the chain is whole and contains the head that was claimed. */
  end(): Breach | undefined
  summary(): Summary
}

/** Recomputes a chain from its beginning with constant memory: nothing it is told is believed. */
export function createVerifier(claim?: HeadClaim): Verifier {
  let head = GENESIS
  let batches = 0
  let entries = 0
  let hashesOnly = 0
  let headSeq = 0
  let open: { number: number; lines: string[]; seqs: number[] } | undefined
  let breach: Breach | undefined
  let claimSeen = claim === undefined || (claim.hash === GENESIS && claim.seq === 0)

  const broken = (reason: BreachReason, batch: number, seqs: readonly number[]): Breach => {
    const [fromSeq, toSeq] = seqs.length === 0 ? [headSeq, headSeq] : [Math.min(...seqs), Math.max(...seqs)]
    return (breach = { reason, batch, fromSeq, toSeq })
  }

  const endBatch = (part: ChainPart, lines: readonly string[], seqs: readonly number[]): Breach | undefined => {
    if (seqs.length !== part.size) return broken('entry_missing', part.number, seqs)
    if (hashBatch(head, lines) !== part.hash) return broken('entry_changed', part.number, seqs)
    head = part.hash
    batches += 1
    entries += seqs.length
    headSeq = Math.max(headSeq, ...seqs)
    if (claim?.hash === head) {
      if (headSeq !== claim.seq) return broken('head_missing', part.number, seqs)
      claimSeen = true
    }
    return undefined
  }

  const take = (part: ChainPart): Breach | undefined => {
    if (breach !== undefined) return breach
    open ??= { number: part.number, lines: [], seqs: [] }
    const continues = open.number === part.number && part.number === batches + 1 && part.previousHash === head
    if (!continues) return broken('batch_missing', batches + 1, [])
    for (const sealed of part.entries) {
      const seq = sealed.kind === 'entry' ? sealed.entry.seq : sealed.seq
      if (seq <= (open.seqs.at(-1) ?? 0)) return broken('entry_changed', part.number, [seq])
      open.seqs.push(seq)
      open.lines.push(lineIn(part.format, sealed))
      if (sealed.kind === 'hash') hashesOnly += 1
    }
    if (!part.last) return undefined
    const { lines, seqs } = open
    open = undefined
    return endBatch(part, lines, seqs)
  }

  return {
    take,
    end: () => {
      if (breach !== undefined) return breach
      if (open !== undefined) return broken('entry_missing', open.number, open.seqs)
      return claimSeen ? undefined : broken('head_missing', batches, [])
    },
    summary: () => ({ batches, entries, hashesOnly, head, headSeq }),
  }
}

/** In format 1 a hash can stand for nothing: such an entry counts as changed. */
function lineIn(format: ChainFormat, sealed: SealedEntry): string {
  if (sealed.kind === 'hash') return sealed.hash
  return format === 1 ? lineOf(sealed.entry) : hashEntry(sealed.entry)
}
