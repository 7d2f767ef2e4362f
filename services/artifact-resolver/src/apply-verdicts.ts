import type { artifactTrusted, DataOf } from '@sluice/contracts'
import type { IncomingEvent } from '@sluice/bus'
import { LOG } from './observability.ts'
import type { Parts } from './parts.ts'
import { findArtifacts, markJudged } from './store/artifacts.ts'

type Judged = IncomingEvent<DataOf<typeof artifactTrusted>>

/**
 * Takes over verdicts. A trusted image is promoted before its status says so: whoever sees `trusted` finds the bytes.
 * Throws while the store of images does not answer: the verdicts come again.
 */
export async function applyVerdicts(batch: readonly Judged[], parts: Parts): Promise<void> {
  const artifacts = await findArtifacts(
    parts.sql,
    batch.map((event) => event.data.artifactId),
  )
  const decided: { event: Judged; verdict: Judged['data']['verdict'] }[] = []
  for (const event of batch) {
    const row = artifacts.get(event.data.artifactId)
    const waits = row?.status === 'quarantined' && row.sha256 === event.data.sha256
    decided.push({
      event,
      verdict: waits && event.data.verdict.trusted ? await promoted(event, parts) : event.data.verdict,
    })
  }

  const settled = await parts.sql.transaction(async (tx) => {
    const now = parts.clock.now()
    const accepted = await parts.journal.acceptNew(
      tx,
      batch.map((event) => ({
        id: event.id,
        at: now,
        actor: 'service:firmware-verifier',
        kind: event.name,
        data: event.data,
        traceparent: event.traceparent,
      })),
    )
    const changed: typeof decided = []
    for (const one of decided) {
      const { artifactId, sha256 } = one.event.data
      if (accepted.has(one.event.id) && (await markJudged(tx, { artifactId, sha256, verdict: one.verdict })))
        changed.push(one)
    }
    return changed
  })
  for (const { event, verdict } of settled) {
    parts.log.info({ artifact_id: event.data.artifactId, trusted: verdict.trusted }, LOG.judged)
    if (verdict.trusted) await clearQuarantine(event.data.artifactId, parts)
  }
}

/** The verdict, or why the bytes it is about cannot be served after all. */
async function promoted({ data }: Judged, parts: Parts): Promise<Judged['data']['verdict']> {
  const { kind } = await parts.images.promote(data.artifactId, data.sha256)
  return kind === 'promoted' ? data.verdict : { ...data.verdict, trusted: false, reasons: [WHY_NOT[kind]] }
}

const WHY_NOT = {
  absent: { code: 'content_missing', detail: 'nothing lies in quarantine' },
  digest_mismatch: { code: 'digest_mismatch', detail: 'what lies in quarantine is not what was judged' },
  promoted_before: { code: 'digest_mismatch', detail: 'the artifact was promoted before, with other bytes' },
} as const

/** What stays behind costs space and nothing else. */
async function clearQuarantine(artifactId: string, parts: Parts): Promise<void> {
  try {
    await parts.images.remove(artifactId)
  } catch (err) {
    parts.log.warn({ err, artifact_id: artifactId }, LOG.quarantineNotCleared)
  }
}
