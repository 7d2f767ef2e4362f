import {
  artifactRegistered,
  releaseAdd,
  releaseGet,
  releaseList,
  releaseRevoke,
  trustAuditList,
  trustKeyAdd,
  trustKeyApprove,
  trustKeyLimit,
  trustKeyList,
  trustKeyRevoke,
  trustThresholdApprove,
  trustThresholdList,
  trustThresholdPut,
} from '@sluice/contracts'
import { type Stop, serveAudit } from '@sluice/bus'
import { judgeRegistered } from './judge-registered.ts'
import { addKey } from './keys/add-key.ts'
import { approveKey } from './keys/approve-key.ts'
import { limitKey } from './keys/limit-key.ts'
import { listKeysPage } from './keys/list-keys.ts'
import { revokeKey } from './keys/revoke-key.ts'
import { approveThreshold, listThresholds, putThreshold } from './keys/thresholds.ts'
import type { Parts } from './parts.ts'
import { addRelease } from './releases/add-release.ts'
import { revokeRelease } from './releases/revoke-release.ts'
import { getRelease, listReleases } from './releases/show-releases.ts'

/** Images are looked at one after the other: a larger batch would only be acknowledged later. */
const MAX_BATCH = 4

/** Which message leads to which use case. */
export function bindHandlers(parts: Parts): Promise<Stop[]> {
  const { bus } = parts
  return Promise.all([
    bus.consume(artifactRegistered, (batch) => judgeRegistered(batch, parts), { maxBatch: MAX_BATCH }),
    bus.serve(trustKeyAdd, (batch) => Promise.all(batch.map(({ input }) => addKey(input, parts)))),
    bus.serve(trustKeyList, (batch) => Promise.all(batch.map(({ input }) => listKeysPage(input, parts)))),
    bus.serve(trustKeyApprove, (batch) => Promise.all(batch.map(({ input }) => approveKey(input, parts)))),
    bus.serve(trustKeyLimit, (batch) => Promise.all(batch.map(({ input }) => limitKey(input, parts)))),
    bus.serve(trustThresholdPut, (batch) => Promise.all(batch.map(({ input }) => putThreshold(input, parts)))),
    bus.serve(trustThresholdApprove, (batch) => Promise.all(batch.map(({ input }) => approveThreshold(input, parts)))),
    bus.serve(trustThresholdList, (batch) => Promise.all(batch.map(() => listThresholds(parts)))),
    bus.serve(releaseAdd, (batch) => Promise.all(batch.map(({ input }) => addRelease(input, parts)))),
    bus.serve(releaseGet, (batch) => Promise.all(batch.map(({ input }) => getRelease(input, parts)))),
    bus.serve(releaseList, (batch) => Promise.all(batch.map(({ input }) => listReleases(input, parts)))),
    bus.serve(releaseRevoke, (batch) => Promise.all(batch.map(({ input }) => revokeRelease(input, parts)))),
    bus.serve(trustKeyRevoke, (batch) => Promise.all(batch.map(({ input }) => revokeKey(input, parts)))),
    serveAudit(bus, trustAuditList, parts),
  ])
}
