import { artifactRegistered, artifactRejected, artifactTrusted, type DataOf, type Verdict } from '@sluice/contracts'
import { judge, vouchingKeys, type Model, type TrustKey } from '@sluice/firmware'
import type { IncomingEvent } from '@sluice/bus'
import { withDeadline } from '@sluice/runtime'
import type { OutEntry, Queryable } from '@sluice/sql'
import { examineImage, type Examined } from './examine-image.ts'
import { LOG } from './observability.ts'
import type { Parts } from './parts.ts'
import { asPublicKey, asTrustKey, holdKeys, listKeys } from './store/trust-keys.ts'
import { requiredFor, thresholdRows } from './store/trust-thresholds.ts'
import { saveVerdict } from './store/verdicts.ts'

type Registered = IncomingEvent<DataOf<typeof artifactRegistered>>

/**
 * Looks at every image of the batch, then, in one transaction, judges those not judged before against the keys as they
 * are at that moment, and hands the verdicts to the outbox. Throws when an image cannot be read now: it comes again.
 */
export async function judgeRegistered(batch: readonly Registered[], parts: Parts): Promise<void> {
  const keys = (await listKeys(parts.sql)).map(asPublicKey)
  const examined: { readonly event: Registered; readonly found: Examined }[] = []
  // One after the other: an Ed25519 image is held in memory whole.
  for (const event of batch) {
    const found = await withDeadline(
      (signal) => examineImage(parts.images, event.data, keys, signal),
      parts.settings.deadlineMs,
      {
        clock: parts.clock,
        what: `examining ${event.data.artifactId}`,
      },
    )
    examined.push({ event, found })
  }

  await parts.sql.transaction(async (tx) => {
    const now = parts.clock.now()
    const accepted = await parts.journal.acceptNew(
      tx,
      batch.map((event) => asInEntry(event, now)),
    )
    const held = (await holdKeys(tx)).map(asTrustKey)
    const thresholds = await thresholdRows(tx)
    const required = (fits: readonly Model[]) =>
      Math.max(1, ...fits.map((model) => requiredFor(model, thresholds, parts.settings.requiredKeys)))
    const verdicts: OutEntry[] = []
    for (const { event, found } of examined) {
      if (accepted.has(event.id))
        verdicts.push(await settle(tx, event, found, held, required(event.data.fits), now, parts))
    }
    await parts.journal.append(tx, verdicts)
  })
  parts.relay.wake()
}

async function settle(
  tx: Queryable,
  event: Registered,
  found: Examined,
  keys: readonly TrustKey[],
  requiredKeys: number,
  now: number,
  parts: Parts,
): Promise<OutEntry> {
  const { artifactId, fits } = event.data
  const sha256 = found.kind === 'absent' ? event.data.sha256 : found.measured.sha256
  const verdict = verdictOn(event, found, keys, now, requiredKeys)
  const presented = found.kind === 'absent' ? [] : found.signatures
  const signers = presented.flatMap(({ outcome }) => (outcome.kind === 'verified' ? [outcome.keyId] : []))
  const vouching_keys = [...vouchingKeys({ fits, keys, now }, signers)]
  await saveVerdict(tx, {
    artifact_id: artifactId,
    sha256,
    fits,
    verdict,
    vouching_keys,
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
    data: { artifactId, sha256, verdict },
    traceparent: event.traceparent,
  }
}

function verdictOn(
  { data }: Registered,
  found: Examined,
  keys: readonly TrustKey[],
  now: number,
  requiredKeys: number,
): Verdict {
  const at = new Date(now).toISOString()
  if (found.kind === 'absent') {
    return {
      trusted: false,
      reasons: [{ code: 'content_missing', detail: 'there is no such image in quarantine' }],
      checks: [],
      at,
    }
  }
  const verdict = judge({
    // What nobody declared has at least to be what the intake measured.
    declared: { size: data.declaredSize ?? data.size, sha256: data.declaredSha256 ?? data.sha256 },
    measured: found.measured,
    fits: data.fits,
    signatures: found.signatures,
    keys,
    requiredKeys,
    now,
  })
  return { ...verdict, reasons: [...verdict.reasons], checks: [...verdict.checks], at }
}

function asInEntry(event: Registered, at: number) {
  const { artifactId, sha256, actor } = event.data
  return { id: event.id, at, actor, kind: event.name, data: { artifactId, sha256 }, traceparent: event.traceparent }
}
