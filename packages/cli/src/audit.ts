import { type Breach, type HeadClaim, type Summary, createVerifier } from '@sluice/audit-chain'
import { ClientError } from '@sluice/client'
import { AUDIT_TRAILS, type AuditTrail } from '@sluice/contracts'
import { type Command, type Invocation, UsageError, textOf } from './command.ts'

/** The one that has all that happened to campaigns and their devices. */
const USUAL: AuditTrail = 'campaigns'

export const auditCommands: readonly Command[] = [
  {
    name: 'audit verify',
    usage: `[--of ${AUDIT_TRAILS.join('|')}] [--campaign <campaign>] [--head <hash> --seq <number>]`,
    summary:
      'Recompute the hash chains of the audit trails here, of all unless told; with --head and --seq: does the one of campaigns, or of --of, still contain what was noted?',
    positionals: 0,
    options: {
      of: { type: 'string' },
      campaign: { type: 'string' },
      head: { type: 'string' },
      seq: { type: 'string' },
    },
    run: verifyTrails,
  },
]

async function verifyTrails(invocation: Invocation): Promise<boolean> {
  let whole = true
  for (const trail of trailsOf(invocation)) whole = (await verifyUnlessAway(trail, invocation)) && whole
  return whole
}

/** One service that does not answer hides no other trail. */
async function verifyUnlessAway(trail: AuditTrail, invocation: Invocation): Promise<boolean> {
  try {
    return await verifyTrail(trail, invocation)
  } catch (error) {
    if (!(error instanceof ClientError) || error.code !== 'refused') throw error
    invocation.complain(`The chain of ${trail} was not read to its end: ${error.message}`)
    return false
  }
}

function trailsOf({ values }: Invocation): readonly AuditTrail[] {
  const [named, campaignId] = [textOf(values, 'of'), textOf(values, 'campaign')]
  if (named === undefined) return campaignId === undefined && claimOf({ values }) === undefined ? AUDIT_TRAILS : [USUAL]
  const trail = AUDIT_TRAILS.find((one) => one === named)
  if (trail === undefined) throw new UsageError(`--of takes one of ${AUDIT_TRAILS.join(', ')}`)
  if (campaignId !== undefined && trail !== USUAL) {
    throw new UsageError(`what happened to a campaign stands in the trail of ${USUAL}`)
  }
  return [trail]
}

/** The server is asked for entries alone; whether they are whole is computed here. */
async function verifyTrail(trail: AuditTrail, invocation: Invocation): Promise<boolean> {
  const { client, values, say, complain, signal } = invocation
  const campaignId = textOf(values, 'campaign')
  const verifier = createVerifier(claimOf(invocation))
  let ofCampaign = 0
  let cursor: string | undefined
  for (;;) {
    signal.throwIfAborted()
    const query = { of: trail, limit: 1_000, ...(cursor !== undefined && { cursor }) }
    const page = await client.call('listAudit', { query })
    for (const part of page.parts) {
      const breach = verifier.take(part)
      if (breach !== undefined) return tellBreach(complain, trail, breach)
      ofCampaign += part.entries.filter((one) => one.kind === 'entry' && one.entry.campaignId === campaignId).length
    }
    if (page.next !== null && page.next !== cursor) {
      cursor = page.next
      continue
    }
    const breach = verifier.end() ?? strayEntries(verifier.summary(), page.counts)
    if (breach !== undefined) return tellBreach(complain, trail, breach)
    tellWhole(say, trail, verifier.summary(), page.counts?.unsealed ?? 0)
    if (campaignId !== undefined) say(`${ofCampaign} of them are about ${campaignId}`)
    return true
  }
}

function claimOf({ values }: Pick<Invocation, 'values'>): HeadClaim | undefined {
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

function tellWhole(say: (line: string) => void, trail: AuditTrail, summary: Summary, unsealed: number): void {
  const { batches, entries, hashesOnly, head, headSeq } = summary
  say(`The chain of ${trail} is whole: ${entries} entries in ${batches} batches.`)
  if (hashesOnly > 0)
    say(`Of ${hashesOnly} of them only the hash is kept: they were erased by policy, or are too large to travel.`)
  if (unsealed > 0) say(`${unsealed} newest entries are not sealed yet; they will be within seconds.`)
  if (entries === 0) return
  say('Keep this elsewhere, and check later that it is still contained:')
  say(`  --of ${trail} --head ${head} --seq ${headSeq}`)
}

function tellBreach(
  complain: (line: string) => void,
  trail: AuditTrail,
  { reason, batch, fromSeq, toSeq }: Breach,
): false {
  const where = fromSeq === toSeq ? `at entry ${fromSeq}` : `between the entries ${fromSeq} and ${toSeq}`
  const said: Record<Breach['reason'], string> = {
    batch_missing: `batch ${batch} is missing, or does not build on the one before it`,
    entry_missing: `an entry of batch ${batch} is missing`,
    entry_changed: `batch ${batch} is not what was sealed: an entry was changed, exchanged or moved`,
    entry_added: `there are entries that were never sealed and do not wait for it`,
    head_missing: `it does not contain the head that was noted: its end was cut off, or it was written anew`,
  }
  complain(`The chain of ${trail} is broken ${where}: ${said[reason]}.`)
  return false
}
