import type { IncomingRequest } from '@sluice/bus'
import { type InputOf, type OutputOf, type Reply, answered, type deviceCredential, refused } from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import { findCandidates } from './find-candidates.ts'

/** What gateways asked for within some milliseconds, answered together. */
export async function answerCredentials(
  parts: Parts,
  batch: readonly IncomingRequest<InputOf<typeof deviceCredential>>[],
): Promise<Reply<OutputOf<typeof deviceCredential>>[]> {
  const found = await findCandidates(
    parts,
    batch.map(({ input }) => input),
  )
  for (const { kind } of found) parts.observability.credentialsAsked.add(1, { answer: kind })
  return found.map((credential) =>
    credential.kind === 'unreadable'
      ? refused('unavailable', 'the credentials of this device cannot be read')
      : answered(credential),
  )
}
