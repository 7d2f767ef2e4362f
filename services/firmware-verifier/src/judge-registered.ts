import { artifactRegistered, artifactRejected, artifactTrusted, type DataOf } from '@sluice/contracts'
import type { IncomingEvent } from '@sluice/bus'
import type { OutEntry, Queryable } from '@sluice/sql'
import type { Examined } from './examine/examiner.ts'
import { LOG } from './observability.ts'
import type { Parts } from './parts.ts'
import { asPublicKey, holdKeys, isApproved, listKeys } from './store/trust-keys.ts'
import { thresholdRows } from './store/trust-thresholds.ts'
import { judgedBefore, saveVerdict } from './store/verdicts.ts'
import { verdictOn, type TrustStore } from './verdict-on.ts'

type Registered = IncomingEvent<DataOf<typeof artifactRegistered>>

/**
 * Looks at every image of the batch, then, in one transaction, judges those not judged before against the trust store as
 * it is at that moment, and hands the signed verdicts to the outbox. Throws when one of them could not be read now: it
 * comes again, and the others are done with.
 */
export async function judgeRegistered(batch: readonly Registered[], parts: Parts): Promise<void> {
  const { examined, failures } = await examineAll(await notJudgedYet(batch, parts), parts)

  await parts.sql.transaction(async (tx) => {
    const now = parts.clock.now()
    const accepted = await parts.journal.acceptNew(
      tx,
      examined.map(({ event }) => asInEntry(event, now)),
    )
    const store = await holdTrustStore(tx, parts)
    const verdicts: OutEntry[] = []
    for (const { event, found } of examined) {
      if (accepted.has(event.id)) verdicts.push(await settle(tx, event, found, store, now, parts))
    }
    await parts.journal.append(tx, verdicts)
  })
  parts.relay.wake()
  if (failures.length > 0) throw failures[0]
}

async function notJudgedYet(batch: readonly Registered[], { sql }: Parts): Promise<Registered[]> {
  const artifactIds = await judgedBefore(
    sql,
    batch.map((event) => event.data.artifactId),
  )
  return batch.filter((event) => !artifactIds.has(event.data.artifactId))
}

interface ExaminedEvent {
  readonly event: Registered
  readonly found: Examined
}

/** One after the other, as there is one thread. What fails holds nobody else up. */
async function examineAll(batch: readonly Registered[], parts: Parts) {
  // What one person proposed has no say: not even in which key a signature is taken to be by.
  const keys = (await listKeys(parts.sql)).filter(isApproved).map((row) => {
    // One that cannot be read any more is a mistake of ours, and not of the image.
    asPublicKey(row)
    return row.public_key_pem
  })
  const examined: ExaminedEvent[] = []
  const failures: unknown[] = []
  for (const event of batch) {
    const { artifactId, format, signatures } = event.data
    try {
      const asked = { declaredFormat: format, signatures, keys, now: parts.clock.now() }
      examined.push({ event, found: await parts.examiner.examine(artifactId, asked) })
    } catch (err) {
      parts.log.warn({ err, artifact_id: artifactId }, LOG.examinationPostponed)
      failures.push(err)
    }
  }
  return { examined, failures }
}

async function holdTrustStore(tx: Queryable, { settings }: Parts): Promise<TrustStore> {
  const keys = await holdKeys(tx)
  return { keys, thresholds: await thresholdRows(tx), requiredKeys: settings.requiredKeys }
}

async function settle(
  tx: Queryable,
  event: Registered,
  found: Examined,
  store: TrustStore,
  now: number,
  parts: Parts,
): Promise<OutEntry> {
  const { artifactId, fits } = event.data
  const { verdict, sha256, vouchers, requiredKeys } = verdictOn(event.data, found, store, now)
  await saveVerdict(tx, {
    artifact_id: artifactId,
    sha256,
    fits,
    verdict,
    vouchers,
    required_keys: requiredKeys,
    judged_at: now,
  })
  parts.observability.verdicts.add(1, { trusted: verdict.trusted })
  parts.log.info({ artifact_id: artifactId, trusted: verdict.trusted, reasons: verdict.reasons }, LOG.judged)
  return {
    direction: 'out',
    id: parts.ids.event(),
    key: artifactId,
    at: now,
    actor: 'service:firmware-verifier',
    kind: (verdict.trusted ? artifactTrusted : artifactRejected).name,
    data: { artifactId, statement: parts.signVerdict({ artifactId, sha256, verdict }) },
    traceparent: event.traceparent,
  }
}

function asInEntry(event: Registered, at: number) {
  const { artifactId, sha256, actor } = event.data
  return { id: event.id, at, actor, kind: event.name, data: { artifactId, sha256 }, traceparent: event.traceparent }
}
