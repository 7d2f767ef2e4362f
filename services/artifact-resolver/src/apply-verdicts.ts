import type { artifactTrusted, DataOf, Verdict } from '@sluice/contracts'
import type { IncomingEvent } from '@sluice/bus'
import { LOG } from './observability.ts'
import type { Parts } from './parts.ts'
import { clearQuarantine } from './quarantine.ts'
import { readVerdict, type ReadVerdict } from './read-verdict.ts'
import { findArtifacts, markJudged } from './store/artifacts.ts'

type Judged = IncomingEvent<DataOf<typeof artifactTrusted>>

/** A message with what is in it, and with what becomes of the artifact: null, where it moves nothing. */
interface Read {
  readonly event: Judged
  readonly read: ReadVerdict
  readonly verdict: Verdict | null
}

/**
 * Takes over verdicts that the verifier signed. A trusted image is promoted before its status says so: whoever sees
 * `trusted` finds the bytes. Throws while the store of images does not answer: the verdicts come again.
 */
export async function applyVerdicts(batch: readonly Judged[], parts: Parts): Promise<void> {
  const artifacts = await findArtifacts(
    parts.sql,
    batch.map((event) => event.data.artifactId),
  )
  const all: Read[] = []
  for (const event of batch) {
    const read = readVerdict(event.data, parts.settings.verdictKeys)
    if (read.kind === 'forged') {
      noteForgery(event, read.detail, parts)
      all.push({ event, read, verdict: null })
      continue
    }
    const row = artifacts.get(read.artifactId)
    const waits = row?.status === 'quarantined' && row.sha256 === read.sha256
    all.push({ event, read, verdict: waits && read.verdict.trusted ? await promoted(read, parts) : read.verdict })
  }

  const settled = await parts.sql.transaction(async (tx) => {
    const now = parts.clock.now()
    const accepted = await parts.journal.acceptNew(
      tx,
      all.map(({ event, read, verdict }) => ({
        id: event.id,
        at: now,
        actor: read.kind === 'signed' ? 'service:firmware-verifier' : 'unknown',
        kind: event.name,
        data: asNoted(event, read, verdict),
        traceparent: event.traceparent,
      })),
    )
    const changed: { artifactId: string; trusted: boolean }[] = []
    for (const { event, read, verdict } of all) {
      if (read.kind === 'forged' || verdict === null || !accepted.has(event.id)) continue
      const { artifactId, sha256 } = read
      const { statement } = event.data
      if (await markJudged(tx, { artifactId, sha256, verdict, statement }))
        changed.push({ artifactId, trusted: verdict.trusted })
    }
    return changed
  })
  for (const { artifactId, trusted } of settled) {
    parts.log.info({ artifact_id: artifactId, trusted }, LOG.judged)
    if (trusted) await clearQuarantine(artifactId, parts)
  }
}

/** Somebody on the bus, or another key than ours: a person has to look. */
function noteForgery({ id, name, source, data }: Judged, detail: string, { log, observability }: Parts): void {
  observability.forgedVerdicts.add(1)
  log.error({ event_id: id, event_name: name, source, artifact_id: data.artifactId, detail }, LOG.verdictForged)
}

/** The evidence stays with the artifact: the journal keeps what was decided. */
function asNoted({ data }: Judged, read: ReadVerdict, verdict: Verdict | null): Record<string, unknown> {
  if (read.kind === 'forged') return { artifactId: data.artifactId, forged: read.detail }
  return { artifactId: read.artifactId, sha256: read.sha256, trusted: verdict?.trusted, reasons: verdict?.reasons }
}

/** The verdict, or why the bytes it is about cannot be served after all. */
async function promoted({ artifactId, sha256, verdict }: Extract<ReadVerdict, { kind: 'signed' }>, parts: Parts) {
  const { kind } = await parts.images.promote(artifactId, sha256)
  return kind === 'promoted' ? verdict : { ...verdict, trusted: false, reasons: [WHY_NOT[kind]] }
}

const WHY_NOT = {
  absent: { code: 'content_missing', detail: 'nothing lies in quarantine' },
  digest_mismatch: { code: 'digest_mismatch', detail: 'what lies in quarantine is not what was judged' },
  promoted_before: { code: 'digest_mismatch', detail: 'the artifact was promoted before, with other bytes' },
} as const
