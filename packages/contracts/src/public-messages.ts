import type { EventMessage, RequestMessage } from './define.ts'
import { EVENTS, REQUESTS } from './messages.ts'

// By name: the compiler would compare the types of all schemas of a list with each other, for minutes.

const ASKED = [
  'artifact.get',
  'artifact.list',
  'audit.list',
  'campaign.control',
  'campaign.create',
  'campaign.dry_run',
  'campaign.get',
  'campaign.list',
  'campaign.report',
  'campaign.roll_back',
  'campaign.set_caps',
  'device.get',
  'device.list',
  'fleet_task.cancel',
  'fleet_task.get',
  'fleet_task.list',
  'history.list',
  'upgrade.get',
  'upgrade.list',
]
const HEARD = ['campaign.changed', 'task.changed', 'upgrade.changed']
const ANSWERED = ['gate.ask']

/**
 * What OSS/BSS may ask over NATS: `sluice.v1.<name>.<consumer>`. Nothing secret is in their inputs or answers; what carries
 * passwords (devices brought in, calls and what devices answered to them) goes over the REST interface alone.
 */
export const PUBLIC_REQUESTS: readonly RequestMessage[] = named(REQUESTS, ASKED)

/** What OSS/BSS may hear. */
export const PUBLIC_EVENTS: readonly EventMessage[] = named(EVENTS, HEARD)

/** What OSS/BSS may answer. */
export const ANSWERED_OUTSIDE: readonly RequestMessage[] = named(REQUESTS, ANSWERED)

function named<M extends { readonly name: string }>(all: readonly M[], names: readonly string[]): M[] {
  return names.map((name) => {
    const found = all.find((one) => one.name === name)
    if (found === undefined) throw new Error(`there is no message ${name}`)
    return found
  })
}
