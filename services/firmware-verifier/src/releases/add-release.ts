import { answered, refused, type InputOf, type Release, type releaseAdd, type Reply } from '@sluice/contracts'
import {
  judgeRelease,
  MAX_RELEASE_SIGNATURES,
  readRelease,
  type EnvelopeSignature,
  type JudgedRelease,
  type ReleaseEnvelope,
} from '@sluice/firmware'
import type { JournalEntry, Queryable } from '@sluice/sql'
import type { Parts } from '../parts.ts'
import { asPublicKey, asTrustKey, holdKeys } from '../store/trust-keys.ts'
import { asMessage, findRelease, insertRelease, otherBytesOf, saveSigners, type ReleaseRow } from './release-rows.ts'
import { addedEvent } from './release-events.ts'

type Input = InputOf<typeof releaseAdd>

/**
 * Checks a release against the keys as they are at this moment, and keeps it with its envelope. The image may come before
 * or after. The same statement again changes nothing, but for signatures it had not; it is told again to who may have
 * lost it. Its counter never stands for other bytes on its models.
 */
export async function addRelease({ envelope, actor }: Input, parts: Parts): Promise<Reply<Release>> {
  const read = readRelease(JSON.stringify(envelope))
  if (read.kind === 'refused') return refused('release_refused', `${read.code}: ${read.detail}`)
  const reply = await parts.sql.transaction(async (tx): Promise<Reply<Release>> => {
    const now = parts.clock.now()
    const judged = await judgeNow(read, parts, tx, now)
    if (judged.kind === 'refused') return refusal(judged)
    const other = await otherBytesOf(tx, read.statement)
    const there = await findRelease(tx, read.releaseId)
    if (there !== undefined) return addAgain(there, read, judged.vouching, actor, parts, tx, now)
    if (other !== undefined) {
      const { product, counter } = read.statement
      return refused('conflict', `counter ${counter} of ${product} stands for other bytes: sha256 ${other}`)
    }
    const row = rowOf(read, judged.vouching, parts.settings.releaseRequiredKeys, actor, now)
    await insertRelease(tx, row)
    await parts.journal.append(tx, [addedEvent(row, actor, parts, now)])
    return answered(asMessage(row, now))
  })
  parts.relay.wake()
  return reply
}

async function judgeNow(release: ReleaseEnvelope, parts: Parts, tx: Queryable, now: number): Promise<JudgedRelease> {
  const rows = await holdKeys(tx)
  const keys = rows.map((row) => ({ publicKey: asPublicKey(row), trust: asTrustKey(row) }))
  return judgeRelease({ release, keys, requiredKeys: parts.settings.releaseRequiredKeys, now })
}

function refusal({ reasons }: Extract<JudgedRelease, { kind: 'refused' }>): Reply<never> {
  const said = reasons.map(({ code, detail }) => `${code}: ${detail}`).join('; ')
  const hasExpiredOnly = reasons.every(({ code }) => code === 'release_expired')
  return refused(hasExpiredOnly ? 'release_expired' : 'release_refused', said.slice(0, 1_024))
}

async function addAgain(
  there: ReleaseRow,
  { envelope, statement }: ReleaseEnvelope,
  vouching: readonly string[],
  actor: string,
  parts: Parts,
  tx: Queryable,
  now: number,
): Promise<Reply<Release>> {
  if (envelope.payload !== there.envelope.payload) return refused('conflict', 'another statement has this id')
  if (there.revoked_at !== null) return refused('release_revoked', `it was revoked: ${there.revoked_reason}`)
  const more = vouching.filter((keyId) => !there.vouching_keys.includes(keyId))
  const keyIds = [...there.vouching_keys, ...more]
  if (keyIds.length > MAX_RELEASE_SIGNATURES) {
    return refused('conflict', `a release keeps ${MAX_RELEASE_SIGNATURES} signatures; it would have ${keyIds.length}`)
  }
  const signatures = onePerKey([...there.envelope.signatures, ...envelope.signatures], keyIds)
  const row: ReleaseRow = { ...there, envelope: { ...there.envelope, signatures }, vouching_keys: keyIds }
  const entries: JournalEntry[] = [addedEvent(row, actor, parts, now)]
  if (more.length > 0) {
    await saveSigners(tx, row)
    const data = { releaseId: row.release_id, keyIds: more, product: statement.product, counter: statement.counter }
    entries.unshift({ direction: 'note', at: now, actor, kind: 'release.signed', data })
  }
  await parts.journal.append(tx, entries)
  return answered(asMessage(row, now))
}

function rowOf(
  { envelope, statement, releaseId }: ReleaseEnvelope,
  vouching: readonly string[],
  requiredKeys: number,
  actor: string,
  now: number,
): ReleaseRow {
  return {
    release_id: releaseId,
    product: statement.product,
    sha256: statement.image.sha256,
    statement,
    envelope: { ...envelope, signatures: onePerKey(envelope.signatures, vouching) },
    vouching_keys: [...vouching],
    required_keys: requiredKeys,
    added_at: now,
    added_by: actor,
    revoked_at: null,
    revoked_by: null,
    revoked_reason: null,
  }
}

/** Of the keys that vouch, and of each the first: what else an envelope was filled with takes no place from later signers. */
function onePerKey(signatures: readonly EnvelopeSignature[], keyIds: readonly string[]): EnvelopeSignature[] {
  return keyIds.flatMap((keyId) => signatures.find(({ keyid }) => keyid === keyId) ?? [])
}
