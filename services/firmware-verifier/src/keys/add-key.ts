import { answered, refused, type InputOf, type Reply, type TrustKey, type trustKeyAdd } from '@sluice/contracts'
import { readPublicKey, type PublicKey } from '@sluice/firmware'
import type { Parts } from '../parts.ts'
import { withinCertificate } from './certificate.ts'
import { whyNoRoom } from './room.ts'
import { asMessage, asPublicKey, insertKey, lockKeys, type TrustKeyRow, UNTOUCHED } from '../store/trust-keys.ts'

type Input = InputOf<typeof trustKeyAdd>

/**
 * Adds a public key. The same key said the same way again changes nothing; a revoked key never comes back. Where a second
 * person is asked for, it vouches for nothing until that person agreed.
 */
export async function addKey(input: Input, parts: Parts): Promise<Reply<TrustKey>> {
  const read = readPublicKey(input.publicKeyPem)
  if (read.kind === 'refused') return refused('invalid_request', `${read.code}: ${read.detail}`)
  const now = parts.clock.now()
  return parts.sql.transaction(async (tx) => {
    const keys = await lockKeys(tx)
    const before = keys.find((key) => key.key_id === input.succeeds)
    if (input.succeeds !== undefined && before === undefined) return refused('not_found', 'there is no key to succeed')
    const row = rowOf(input, read.publicKey, before, now, parts.settings.secondPerson)
    if (row.valid_from !== null && row.valid_until !== null && row.valid_from >= row.valid_until) {
      return refused('invalid_request', 'the key would be valid at no time')
    }
    const there = keys.find((key) => key.key_id === row.key_id)
    if (there !== undefined) return addedAgain(row, there, now)
    const noRoom = whyNoRoom(keys, row, now)
    if (noRoom !== null) return refused('conflict', noRoom)
    if (!(await insertKey(tx, row))) return refused('conflict', 'somebody else added this key at the same time')
    const { key_id: keyId, name, purposes, ouis, models, succeeds } = row
    const data = {
      keyId,
      name,
      purposes,
      ouis,
      models,
      succeeds,
      validFrom: row.valid_from,
      validUntil: row.valid_until,
    }
    await parts.journal.append(tx, [{ direction: 'note', at: now, actor: input.actor, kind: 'trust_key.added', data }])
    return answered(asMessage(row, now))
  })
}

function rowOf(
  input: Input,
  { keyId, keyNumber, pem }: PublicKey,
  before: TrustKeyRow | undefined,
  now: number,
  secondPerson: boolean,
): TrustKeyRow {
  // As it was given where that says more than the key.
  const text = keyNumber === undefined ? pem : input.publicKeyPem.trim()
  const asked = { validFrom: msOf(input.validFrom), validUntil: msOf(input.validUntil) }
  const { validFrom, validUntil } = withinCertificate(asked, text)
  // Said in part is said whole: a vendor named for the successor never adds to the models of the key before.
  const scope = input.ouis === undefined && input.models === undefined ? before : undefined
  return {
    key_id: keyId,
    name: input.name,
    public_key_pem: text,
    purposes: [...new Set(input.purposes ?? before?.purposes ?? (['image'] as const))].toSorted(),
    ouis: [...new Set(input.ouis ?? scope?.ouis ?? [])].toSorted(),
    models: [...(input.models ?? scope?.models ?? [])],
    valid_from: validFrom,
    valid_until: validUntil,
    succeeds: input.succeeds ?? null,
    added_at: now,
    added_by: input.actor,
    approval_needed: secondPerson,
    ...UNTOUCHED,
  }
}

function addedAgain(row: TrustKeyRow, there: TrustKeyRow, now: number): Reply<TrustKey> {
  if (!asPublicKey(there).key.equals(asPublicKey(row).key)) return refused('conflict', 'another key has this id')
  if (there.revoked_at !== null) return refused('conflict', 'this key was revoked; it stays so')
  const said = ({ name, public_key_pem, purposes, ouis, models, succeeds }: TrustKeyRow) =>
    JSON.stringify([
      name,
      public_key_pem,
      purposes,
      ouis,
      models.map(({ oui, productClass }) => [oui, productClass]),
      succeeds,
    ])
  return said(there) === said(row)
    ? answered(asMessage(there, now))
    : refused('conflict', `this key is there already, as ${there.name}`)
}

export function msOf(time: string | null | undefined): number | null {
  return time === null || time === undefined ? null : Date.parse(time)
}
