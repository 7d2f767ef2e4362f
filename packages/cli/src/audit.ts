import { type Breach, type HeadClaim, type Summary, createVerifier } from '@sluice/audit-chain'
import { type Command, type Invocation, UsageError, textOf } from './command.ts'

export const auditCommands: readonly Command[] = [
  {
    name: 'audit verify',
    usage: '[--campaign <campaign>] [--head <hash> --seq <number>]',
    summary:
      'Recompute the hash chain of the audit trail here; with --head and --seq: does it still contain what was noted?',
    positionals: 0,
    options: { campaign: { type: 'string' }, head: { type: 'string' }, seq: { type: 'string' } },
    run: verifyAudit,
  },
]

/** The server is asked for entries alone; whether they are whole is computed here. */
async function verifyAudit(invocation: Invocation): Promise<boolean> {
  const { client, values, say, complain, signal } = invocation
  const campaignId = textOf(values, 'campaign')
  const verifier = createVerifier(claimOf(invocation))
  let ofCampaign = 0
  let cursor: string | undefined
  for (;;) {
    signal.throwIfAborted()
    const page = await client.call('listAudit', { query: { limit: 1_000, ...(cursor !== undefined && { cursor }) } })
    for (const part of page.parts) {
      const breach = verifier.take(part)
      if (breach !== undefined) return tellBreach(complain, breach)
      ofCampaign += part.entries.filter((one) => one.kind === 'entry' && one.entry.campaignId === campaignId).length
    }
    if (page.next !== null && page.next !== cursor) {
      cursor = page.next
      continue
    }
    const breach = verifier.end() ?? strayEntries(verifier.summary(), page.counts)
    if (breach !== undefined) return tellBreach(complain, breach)
    tellWhole(say, verifier.summary(), page.counts?.unsealed ?? 0)
    if (campaignId !== undefined) say(`${ofCampaign} of them are about ${campaignId}`)
    return true
  }
}

function claimOf({ values }: Invocation): HeadClaim | undefined {
  const [hash, seq] = [textOf(values, 'head'), textOf(values, 'seq')]
  if (hash === undefined && seq === undefined) return undefined
  if (!/^[0-9a-f]{64}$/.test(hash ?? '') || !/^\d{1,15}$/.test(seq ?? '')) {
    throw new UsageError('--head takes the hash and --seq the number that audit verify said together')
  }
  return { hash: hash!, seq: Number(seq) }
}

/** Entries that no batch holds and that do not wait for one were put in past the chain, or taken out of its queue. */
function strayEntries(
  { batches, entries, headSeq }: Summary,
  counts: { readonly stored: number; readonly unsealed: number } | null,
): Breach | undefined {
  if (counts === null || counts.stored === entries + counts.unsealed) return undefined
  const reason = counts.stored > entries + counts.unsealed ? 'entry_added' : 'entry_missing'
  return { reason, batch: batches, fromSeq: headSeq, toSeq: headSeq }
}

function tellWhole(say: (line: string) => void, summary: Summary, unsealed: number): void {
  const { batches, entries, hashesOnly, head, headSeq } = summary
  say(`The chain is whole: ${entries} entries in ${batches} batches.`)
  if (hashesOnly > 0)
    say(`Of ${hashesOnly} of them only the hash is kept: they were erased by policy, or are too large to travel.`)
  if (unsealed > 0) say(`${unsealed} newest entries are not sealed yet; they will be within seconds.`)
  say('Keep this elsewhere, and check later that it is still contained:')
  say(`  --head ${head} --seq ${headSeq}`)
}

function tellBreach(complain: (line: string) => void, { reason, batch, fromSeq, toSeq }: Breach): false {
  const where = fromSeq === toSeq ? `at entry ${fromSeq}` : `between the entries ${fromSeq} and ${toSeq}`
  const said: Record<Breach['reason'], string> = {
    batch_missing: `batch ${batch} is missing, or does not build on the one before it`,
    entry_missing: `an entry of batch ${batch} is missing`,
    entry_changed: `batch ${batch} is not what was sealed: an entry was changed, exchanged or moved`,
    entry_added: `there are entries that were never sealed and do not wait for it`,
    head_missing: `it does not contain the head that was noted: its end was cut off, or it was written anew`,
  }
  complain(`The chain is broken ${where}: ${said[reason]}.`)
  return false
}
