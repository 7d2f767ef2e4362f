import { type Campaign, type InputOf, type Reply, answered, type campaignCreate, refused } from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import { type CreateRequest, findCreateRequest } from '../store/create-requests.ts'
import { readCampaign } from './read.ts'

/** What its client calls this request; undefined where it has no name for it. */
export function namedRequest({ actor, requestId, draft }: InputOf<typeof campaignCreate>): CreateRequest | undefined {
  return requestId === undefined ? undefined : { actor, requestId, draft }
}

/** The campaign that was planned when this was asked before; undefined the first time. */
export async function answerKnown(
  parts: Parts,
  asked: CreateRequest | undefined,
): Promise<Reply<Campaign> | undefined> {
  const known = asked && (await findCreateRequest(parts.sql, asked))
  if (known === undefined) return undefined
  if (!known.sameDraft) return refused('conflict', 'this request id was given with another draft')
  return answered(await readCampaign(parts.sql, known.campaignId))
}
