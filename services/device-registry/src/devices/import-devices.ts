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
import type { Queryable } from '@sluice/sql'
import { cwmpUsername } from '../credentials/cwmp-username.ts'
import { type GivenCredential, putCredentials } from '../credentials/put-credentials.ts'
import { tellGateways } from '../credentials/tell-gateways.ts'
import type { Parts } from '../parts.ts'
import { tellCampaigns } from './tell-campaigns.ts'
import { type Mentioned, writeImported } from './write-imported.ts'

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
  const { created, moved } = await writeImported(tx, devices, now)
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
    ...tellCampaigns(ids, moved, actor, now),
  ])
  return counts
}

/** The last mention of a device in one import counts. */
function lastMentions(items: readonly ImportedDevice[]): Mentioned[] {
  const mentioned = items.map((item) => ({ deviceKey: deviceKeyOf(item), name: deviceNameOf(item), item }))
  return [...new Map(mentioned.map((one) => [one.deviceKey, one])).values()]
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
