import { type Device, type InputOf, type Reply, answered, type deviceUpdate, refused } from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'
import { cwmpUsername } from '../credentials/cwmp-username.ts'
import { putCredentials } from '../credentials/put-credentials.ts'
import { tellGateways } from '../credentials/tell-gateways.ts'
import type { Parts } from '../parts.ts'
import { announceRules, lockRules, nextRevision } from '../rules/change-rules.ts'
import { MOST_LOGGING } from '../rules/rule-limits.ts'
import { getDevice } from './find-devices.ts'
import { noSuchDevice } from './no-such-device.ts'
import { type Changed, tellCampaigns } from './tell-campaigns.ts'

type Input = InputOf<typeof deviceUpdate>

interface StandingRow {
  readonly device_key: string
  readonly name: string
  readonly logs_bodies: boolean
  readonly has_username: boolean
  readonly tags: string[]
  readonly site: string | null
  readonly region: string | null
  readonly access_node: string | null
  readonly zone: string | null
}

/** Changes what is given of one device, notes who did it, and lets gateways know what concerns them. */
export async function updateDevice(parts: Parts, input: Input): Promise<Reply<Device>> {
  const done = await parts.sql.transaction((tx) => change(tx, parts, input))
  if (!done.ok) return done
  parts.wakeRelay()
  if (done.data.revision !== undefined) announceRules(parts, done.data.revision)
  const device = await getDevice(parts, input.device)
  return device === undefined ? noSuchDevice() : answered(device)
}

async function change(
  tx: Queryable,
  parts: Parts,
  { device: keyOrName, change: given, actor }: Input,
): Promise<Reply<{ revision: number | undefined }>> {
  const [device] = await tx.query<StandingRow>(
    `select device_key, name, logs_bodies, tags, site, region, access_node, zone, exists (select from registry.credentials as own
       where own.device_key = devices.device_key and own.purpose = 'cwmp' and own.username is not null) as has_username
     from registry.devices where device_key = $1 or name = $1 for no key update`,
    [keyOrName],
  )
  if (device === undefined) return noSuchDevice()
  const deviceKey = device.device_key

  const switches = given.logsBodies !== undefined && given.logsBodies !== device.logs_bodies
  if (switches) {
    const { logBodiesOf } = await lockRules(tx)
    if (given.logsBodies && logBodiesOf.length >= MOST_LOGGING) {
      return refused('conflict', `the bodies of ${MOST_LOGGING} devices are logged already`)
    }
  }
  const at = parts.clock.now()
  await tx.query('update registry.devices set logs_bodies = coalesce($2, logs_bodies) where device_key = $1', [
    deviceKey,
    given.logsBodies,
  ])
  const moved = await place(tx, device, given, at)
  const rekeyed = await rekey(tx, parts, device, given)
  await parts.journal.append(tx, [
    { direction: 'note', kind: 'device.updated', at, actor, deviceKey, data: { changed: Object.keys(given) } },
    ...(rekeyed ? tellGateways(parts.ids, [deviceKey], actor, at) : []),
    ...tellCampaigns(parts.ids, moved, actor, at),
  ])
  return answered({ revision: switches ? await nextRevision(tx) : undefined })
}

/** Sets what targets may ask for; null clears. Answers the move, where it was one that campaigns have to know of. */
async function place(tx: Queryable, device: StandingRow, given: Input['change'], at: number): Promise<Changed[]> {
  const tags = given.tags ?? device.tags
  const site = given.site === undefined ? device.site : given.site
  const region = given.region === undefined ? device.region : given.region
  const accessNode = given.accessNode === undefined ? device.access_node : given.accessNode
  const zone = given.zone === undefined ? device.zone : given.zone
  await tx.query(
    `update registry.devices set tags = $2, site = $3, region = $4, access_node = $5, zone = $6, changed_at = $7
     where device_key = $1
       and (tags, site, region, access_node, zone) is distinct from ($2::text[], $3::text, $4::text, $5::text, $6::text)`,
    [device.device_key, tags, site, region, accessNode, zone, at],
  )
  if (site === device.site && zone === device.zone) return []
  return [{ kind: 'moved', deviceKey: device.device_key, site, zone, at: new Date(at).toISOString() }]
}

/** True if what it authenticates with has changed. */
async function rekey(tx: Queryable, parts: Parts, device: StandingRow, given: Input['change']): Promise<boolean> {
  const deviceKey = device.device_key
  const isRekeyed = given.username !== undefined || given.password !== undefined
  if (isRekeyed) {
    const usual = device.has_username ? null : cwmpUsername({ deviceKey, name: device.name })
    const username = given.username ?? usual
    await putCredentials(tx, parts.seal, [{ deviceKey, purpose: 'cwmp', username, password: given.password ?? null }])
  }
  if (given.connectionRequestUsername !== undefined || given.connectionRequestPassword !== undefined) {
    const username = given.connectionRequestUsername ?? null
    const password = given.connectionRequestPassword ?? null
    await putCredentials(tx, parts.seal, [{ deviceKey, purpose: 'connection_request', username, password }])
  }
  return isRekeyed
}
