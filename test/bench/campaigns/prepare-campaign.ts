import type { Bus } from '@sluice/bus'
import {
  type Campaign,
  type InputOf,
  type OutputOf,
  type PolicyDraft,
  type Reply,
  type RequestMessage,
  campaignControl,
  campaignCreate,
  campaignGet,
} from '@sluice/contracts'
import { createIds } from '@sluice/runtime'
import { type Sql, json } from '@sluice/sql'
import { waitUntil } from '@sluice/testbed'
import { NEW_VERSION, OUI, PRODUCT_CLASS } from './fill-registry.ts'

const ACTOR = 'operator:bench'

/** Asks, and throws with the reason where the answer is a refusal. */
export async function ask<M extends RequestMessage>(
  bus: Bus,
  message: M,
  input: InputOf<M>,
  deadlineMs = 60_000,
): Promise<OutputOf<M>> {
  const reply: Reply<OutputOf<M>> = await bus.request(message, input, { deadlineMs })
  if (!reply.ok) throw new Error(`${message.name}: ${reply.error.code}: ${reply.error.detail}`)
  return reply.data
}

/** An image that the catalogue trusts, without any bytes: nobody fetches it here. */
export async function trustArtifact(sql: Sql): Promise<string> {
  const artifactId = createIds().artifact()
  await sql.query(
    `insert into resolver.artifacts (artifact_id, name, fits, version, software_versions, format, status, size, sha256,
       signatures, hosting, created_at, created_by)
     values ($1, 'bench.bin', $2, $3, $4, 'raw', 'trusted', 8000000, $5, '[]', 'file_server', 0, $6)`,
    [artifactId, json([{ oui: OUI, productClass: PRODUCT_CLASS }]), NEW_VERSION, [NEW_VERSION], 'a'.repeat(64), ACTOR],
  )
  return artifactId
}

export async function createPlanned(
  bus: Bus,
  artifactId: string,
  policy: PolicyDraft,
  deadlineMs: number,
): Promise<Campaign> {
  const draft = { name: 'bench', artifactId, targets: {}, policy }
  let campaign = await ask(bus, campaignCreate, { draft, actor: ACTOR })
  await waitUntil(
    async () => {
      campaign = await ask(bus, campaignGet, { campaignId: campaign.campaignId })
      return campaign.state !== 'planning'
    },
    { deadlineMs, everyMs: 100, describe: () => `the campaign is ${campaign.state}` },
  )
  if (campaign.approval.neededBecause.length > 0) {
    campaign = await ask(bus, campaignControl, {
      campaignId: campaign.campaignId,
      action: 'approve',
      actor: 'operator:another',
    })
  }
  return campaign
}

export function control(
  bus: Bus,
  campaignId: string,
  action: InputOf<typeof campaignControl>['action'],
): Promise<Campaign> {
  return ask(bus, campaignControl, { campaignId, action, actor: ACTOR })
}
