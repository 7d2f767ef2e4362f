import { artifactRegistered, trustKeyAdd, trustKeyList, trustKeyRevoke } from '@sluice/contracts'
import type { Stop } from '@sluice/bus'
import { judgeRegistered } from './judge-registered.ts'
import { addKey, listAllKeys, revokeKey } from './keep-keys.ts'
import type { Parts } from './parts.ts'

/** Images are looked at one after the other: a larger batch would only be acknowledged later. */
const MAX_BATCH = 4

/** Which message leads to which use case. */
export function bindHandlers(parts: Parts): Promise<Stop[]> {
  const { bus } = parts
  return Promise.all([
    bus.consume(artifactRegistered, (batch) => judgeRegistered(batch, parts), { maxBatch: MAX_BATCH }),
    bus.serve(trustKeyAdd, (batch) => Promise.all(batch.map(({ input }) => addKey(input, parts)))),
    bus.serve(trustKeyList, (batch) => Promise.all(batch.map(() => listAllKeys(parts)))),
    bus.serve(trustKeyRevoke, (batch) => Promise.all(batch.map(({ input }) => revokeKey(input, parts)))),
  ])
}
