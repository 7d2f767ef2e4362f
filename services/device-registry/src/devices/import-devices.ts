import {
  type ImportedDevice,
  type InputOf,
  type OutputOf,
  type Reply,
  answered,
  type deviceImport,
  deviceKeyOf,
  deviceNameOf,
} from '@sluice/contracts'
import { type Queryable, json } from '@sluice/sql'
import { cwmpUsername } from '../credentials/cwmp-username.ts'
import { type GivenCredential, putCredentials } from '../credentials/put-credentials.ts'
import { tellGateways } from '../credentials/tell-gateways.ts'
import type { Parts } from '../parts.ts'

/** Which devices an import touched is kept for the audit trail up to so many of them. */
const MAX_NOTED = 100

type Input = InputOf<typeof deviceImport>
type Counts = OutputOf<typeof deviceImport>

/** Brings devices in, lets gateways forget the credentials that were replaced, and notes who did it. */
export async function importDevices(parts: Parts, input: Input): Promise<Reply<Counts>> {
  const counts = await parts.sql.transaction((tx) => importAll(tx, parts, input))
  parts.wakeRelay()
  parts.observability.devicesImported.add(input.items.length)
  return answered(counts)
}

async function importAll(tx: Queryable, parts: Parts, { items, actor }: Input): Promise<Counts> {
  const { journal, seal, ids } = parts
  const now = parts.clock.now()
  const devices = lastMentions(items)
  const created = await writeDevices(tx, devices, now)
  const credentials = devices.flatMap(credentialsOf)
  await putCredentials(tx, seal, credentials)
  const counts = { created, updated: devices.length - created }
  // A user name that comes again unchanged is counted too: what is forgotten for nothing is only asked for again.
  const rekeyed = keysFor(credentials, 'cwmp')
  await journal.append(tx, [
    {
      direction: 'note',
      kind: 'device.imported',
      at: now,
      actor,
      data: {
        ...counts,
        rekeyed: rekeyed.length,
        connectionRequestCredentials: keysFor(credentials, 'connection_request').length,
        deviceKeys: devices.slice(0, MAX_NOTED).map(({ deviceKey }) => deviceKey),
      },
    },
    ...tellGateways(ids, rekeyed, actor, now),
  ])
  return counts
}

interface Mentioned {
  readonly deviceKey: string
  readonly name: string
  readonly item: ImportedDevice
}

/** The last mention of a device in one import counts. */
function lastMentions(items: readonly ImportedDevice[]): Mentioned[] {
  const mentioned = items.map((item) => ({ deviceKey: deviceKeyOf(item), name: deviceNameOf(item), item }))
  return [...new Map(mentioned.map((one) => [one.deviceKey, one])).values()]
}

/** What a device has told of itself is newer than what is brought in. Answers how many are new. */
async function writeDevices(tx: Queryable, devices: readonly Mentioned[], now: number): Promise<number> {
  const rows = devices.map(({ deviceKey, name, item }) => ({
    device_key: deviceKey,
    name,
    manufacturer: item.manufacturer ?? '',
    oui: item.oui,
    product_class: item.productClass,
    serial_number: item.serialNumber,
    first_seen_at: now,
    tags: item.tags ?? null,
    connection_request_url: item.connectionRequestUrl ?? null,
  }))
  const written = await tx.query<{ created: boolean }>(
    `insert into registry.devices as devices (device_key, name, manufacturer, oui, product_class, serial_number,
       first_seen_at, tags, connection_request_url)
     select device_key, name, manufacturer, oui, product_class, serial_number, first_seen_at,
       array(select jsonb_array_elements_text(coalesce(tags, '[]'))), connection_request_url
     from jsonb_to_recordset($1::jsonb) as imported(device_key text, name text, manufacturer text, oui text,
       product_class text, serial_number text, first_seen_at bigint, tags jsonb, connection_request_url text)
     order by device_key
     on conflict (device_key) do update set
       tags = case when $2::jsonb ? devices.device_key then excluded.tags else devices.tags end,
       connection_request_url = case when devices.last_inform_at is null
         then coalesce(excluded.connection_request_url, devices.connection_request_url)
         else coalesce(devices.connection_request_url, excluded.connection_request_url) end
     returning (xmax = 0) as created`,
    [json(rows), json(rows.filter((row) => row.tags !== null).map((row) => row.device_key))],
  )
  return written.filter((row) => row.created).length
}

function credentialsOf(device: Mentioned): GivenCredential[] {
  const { deviceKey, item } = device
  const given: GivenCredential[] = []
  const add = (purpose: GivenCredential['purpose'], username: string | undefined, password: string | undefined) => {
    if (username === undefined && password === undefined) return
    given.push({ deviceKey, purpose, username: username ?? null, password: password ?? null })
  }
  add('cwmp', item.password === undefined ? item.username : (item.username ?? cwmpUsername(device)), item.password)
  add('connection_request', item.connectionRequestUsername, item.connectionRequestPassword)
  return given
}

function keysFor(credentials: readonly GivenCredential[], purpose: GivenCredential['purpose']): string[] {
  return credentials.filter((one) => one.purpose === purpose).map(({ deviceKey }) => deviceKey)
}
