import { type InputOf, type Reply, answered, type deviceRemove } from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'
import { tellGateways } from '../credentials/tell-gateways.ts'
import type { Parts } from '../parts.ts'
import { announceRules, lockRules, nextRevision } from '../rules/change-rules.ts'
import { noSuchDevice } from './no-such-device.ts'
import { tellCampaigns } from './tell-campaigns.ts'

/** Forgets a device with its credentials and its message log. What is under way with it is the scheduler's business. */
export async function removeDevice(
  parts: Parts,
  { device, actor }: InputOf<typeof deviceRemove>,
): Promise<Reply<Record<string, never>>> {
  const removed = await parts.sql.transaction((tx) => remove(tx, parts, device, actor))
  if (removed === undefined) return noSuchDevice()
  parts.wakeRelay()
  if (removed.revision !== undefined) announceRules(parts, removed.revision)
  return answered({})
}

async function remove(tx: Queryable, { journal, ids, clock }: Parts, keyOrName: string, actor: string) {
  // Its credentials go with it.
  const [device] = await tx.query<{ device_key: string; name: string; logs_bodies: boolean }>(
    'delete from registry.devices where device_key = $1 or name = $1 returning device_key, name, logs_bodies',
    [keyOrName],
  )
  if (device === undefined) return undefined
  const deviceKey = device.device_key
  await tx.query('delete from registry.device_messages where device_key = $1', [deviceKey])
  const at = clock.now()
  await journal.append(tx, [
    { direction: 'note', kind: 'device.removed', at, actor, deviceKey, data: { name: device.name } },
    ...tellGateways(ids, [deviceKey], actor, at),
    ...tellCampaigns(ids, [{ kind: 'removed', deviceKey, at: new Date(at).toISOString() }], actor, at),
  ])
  if (!device.logs_bodies) return { revision: undefined }
  await lockRules(tx)
  return { revision: await nextRevision(tx) }
}
