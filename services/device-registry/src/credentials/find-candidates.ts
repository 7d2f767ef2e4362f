import { createHash } from 'node:crypto'
import type { InputOf, OutputOf, deviceCredential } from '@sluice/contracts'
import { json } from '@sluice/sql'
import type { Parts } from '../parts.ts'
import { mayReturn } from './bootstrap-returns.ts'
import { issueIdOf } from './issue-id.ts'
import { deviceOwner, modelOwner } from './seal.ts'

type Asked = InputOf<typeof deviceCredential>
/** `unreadable`: nobody can tell, which is no `unknown`. */
type Found = OutputOf<typeof deviceCredential> | { readonly kind: 'unreadable' }
type Candidate = Extract<Found, { kind: 'known' }>['candidates'][number]

interface CredentialRow {
  readonly is_known: boolean
  readonly oui: string | null
  readonly product_class: string | null
  readonly username: string | null
  readonly sealed_password: Uint8Array | null
  readonly pending_username: string | null
  readonly sealed_pending_password: Uint8Array | null
  readonly former_username: string | null
  readonly sealed_former_password: Uint8Array | null
  readonly bootstrap_username: string | null
  readonly sealed_bootstrap_password: Uint8Array | null
}

/**
 * The digest secrets these devices may prove themselves with, in their order: their own, one that was issued and not
 * seen in use yet, one that was their own before a return, and their model's, for a first contact or a device that may
 * have forgotten its own. `unknown` is said only of devices looked up and found without any.
 */
export async function findCandidates(parts: Parts, asked: readonly Asked[]): Promise<Found[]> {
  const rows = await readCredentials(parts, asked)
  const forgetful = asked.filter((one, index) => one.mayHaveForgotten && isReturn(rows[index])).map(keyOf)
  const returning = await mayReturn(parts, forgetful)
  return asked.map(({ deviceKey, realm }, index) => {
    const row = rows[index]
    if (row === undefined) return { kind: 'unknown' }
    const mayBeNew = !hasOwn(row) && (row.is_known || parts.settings.autoRegistration)
    const candidates = readCandidates(parts, row, deviceKey, realm, mayBeNew || returning.has(deviceKey))
    if (candidates === null) return { kind: 'unreadable' }
    return candidates.length === 0 ? { kind: 'unknown' } : { kind: 'known', candidates }
  })
}

/** Null for one that was sealed with another key: it holds up nobody but its own device. */
function readCandidates(...asked: Parameters<typeof candidatesOf>): Candidate[] | null {
  try {
    return candidatesOf(...asked)
  } catch (error) {
    const [{ log, observability }, , deviceKey] = asked
    observability.credentialsUnreadable.add(1)
    log.error({ err: error, device_key: deviceKey }, 'registry.credential.unreadable')
    return null
  }
}

function candidatesOf(parts: Parts, row: CredentialRow, deviceKey: string, realm: string, byModel: boolean) {
  const candidates: Candidate[] = []
  const add = (role: Candidate['role'], owner: string, username: string | null, sealed: Uint8Array | null) => {
    if (username === null || sealed === null) return
    const issue = role === 'pending' ? { issueId: issueIdOf(sealed) } : {}
    candidates.push({ role, username, ha1: ha1(username, realm, parts.seal.open(owner, sealed)), ...issue })
  }
  const owner = deviceOwner(deviceKey, 'cwmp')
  add('own', owner, row.username, row.sealed_password)
  add('pending', owner, row.pending_username, row.sealed_pending_password)
  add('former', owner, row.former_username, row.sealed_former_password)
  if (byModel) {
    const model = { oui: row.oui ?? '', productClass: row.product_class ?? '' }
    add('bootstrap', modelOwner(model), row.bootstrap_username, row.sealed_bootstrap_password)
  }
  return candidates
}

/** Where the device is in the inventory, its model is what stands there. */
function readCredentials({ sql, clock }: Parts, asked: readonly Asked[]): Promise<CredentialRow[]> {
  const wanted = asked.map(({ deviceKey, model }, place) => ({
    place,
    device_key: deviceKey,
    oui: model?.oui ?? null,
    product_class: model?.productClass ?? null,
  }))
  return sql.query<CredentialRow>(
    `select devices.device_key is not null as is_known, bootstrap.oui, bootstrap.product_class,
       own.username, own.sealed_password, own.pending_username, own.sealed_pending_password,
       case when own.former_until > $2 then own.former_username end as former_username,
       case when own.former_until > $2 then own.sealed_former_password end as sealed_former_password,
       bootstrap.username as bootstrap_username, bootstrap.sealed_password as sealed_bootstrap_password
     from jsonb_to_recordset($1::jsonb) as wanted(place integer, device_key text, oui text, product_class text)
     left join registry.devices on devices.device_key = wanted.device_key
     left join registry.credentials as own on own.device_key = wanted.device_key and own.purpose = 'cwmp'
     left join registry.bootstrap_credentials as bootstrap
       on bootstrap.oui = coalesce(devices.oui, wanted.oui)
       and bootstrap.product_class = coalesce(devices.product_class, wanted.product_class)
     order by place`,
    [json(wanted), clock.now()],
  )
}

function hasOwn(row: CredentialRow): boolean {
  return row.username !== null && row.sealed_password !== null
}

function isReturn(row: CredentialRow | undefined): boolean {
  return row !== undefined && hasOwn(row) && row.bootstrap_username !== null
}

function keyOf({ deviceKey }: Asked): string {
  return deviceKey
}

/** HA1 of RFC 2617 3.2.2.2. MD5 is what CPE speak (TR-069 3.4.5); it protects nothing at rest here. */
function ha1(username: string, realm: string, password: string): string {
  return createHash('md5').update(`${username}:${realm}:${password}`).digest('hex')
}
