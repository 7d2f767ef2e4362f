import type { GatewayRules } from '@sluice/contracts'
import { waitUntil } from '@sluice/testbed'
import { createCpe } from './cpe.ts'
import type { Stand } from './stand.ts'

let revisions = 0

/** Puts rules in force, and waits until every gateway goes by them: a probe of the same revision is then redirected. */
export async function putRules(stand: Stand, changes: Partial<GatewayRules>): Promise<void> {
  const probes = stand.gateways.map(({ port }) => createCpe({ serial: 'rules-probe', port: () => port }))
  const url = `http://192.0.2.77/${revisions++}`
  const probe = { name: '-', deviceKeys: [probes[0]!.deviceKey], url, status: 302 as const }
  await stand.others.setRules({ ...changes, redirects: [probe, ...(changes.redirects ?? [])] })
  const isInForce = async () => {
    const heard = await Promise.all(probes.map((each) => each.inform()))
    return heard.every(({ headers }) => headers.location === url)
  }
  await waitUntil(isInForce, { describe: () => 'the rules are not in force' })
  probes.forEach((each) => each.close())
}
