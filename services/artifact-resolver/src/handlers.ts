import {
  answered,
  artifactAuditList,
  artifactCreate,
  artifactGet,
  artifactList,
  artifactRejected,
  artifactResolve,
  artifactRevoke,
  artifactRevoked,
  artifactSuspected,
  artifactTrusted,
  releaseRevoked,
  refused,
  uploadGrant,
} from '@sluice/contracts'
import { type Stop, serveAudit } from '@sluice/bus'
import { applyVerdicts } from './apply-verdicts.ts'
import { createArtifact } from './create-artifact.ts'
import { noteSuspicions } from './note-suspicions.ts'
import type { Parts } from './parts.ts'
import { resolveDownloads } from './resolve-downloads.ts'
import { applyRevocations, revokeArtifact } from './revoke-artifacts.ts'
import { noteRevokedReleases } from './revoked-releases.ts'
import { getArtifact, listArtifacts } from './show-artifacts.ts'
import { grantUpload } from './uploads.ts'

/** Which message leads to which use case. */
export function bindHandlers(parts: Parts, wakeImporter: () => void): Promise<Stop[]> {
  const { bus } = parts
  return Promise.all([
    bus.serve(artifactCreate, (batch) =>
      Promise.all(batch.map(({ input }) => createArtifact(input, parts, wakeImporter))),
    ),
    bus.serve(artifactGet, (batch) => Promise.all(batch.map(({ input }) => getArtifact(input.artifactId, parts)))),
    bus.serve(artifactList, (batch) => Promise.all(batch.map(({ input }) => listArtifacts(input, parts)))),
    bus.serve(artifactRevoke, (batch) => Promise.all(batch.map(({ input }) => revokeArtifact(input, parts)))),
    bus.serve(artifactResolve, async (batch) => {
      const all = await resolveDownloads(
        batch.flatMap(({ input }) => input.items),
        parts,
      )
      let at = 0
      return batch.map(({ input }) => answered({ items: all.slice(at, (at += input.items.length)) }))
    }),
    bus.serve(uploadGrant, async (batch) =>
      batch.map(({ input }) =>
        parts.uploads === undefined
          ? refused('not_supported', 'there is no directory for uploads')
          : answered(grantUpload(input, parts.settings)),
      ),
    ),
    serveAudit(bus, artifactAuditList, parts),
    bus.consume(artifactTrusted, (batch) => applyVerdicts(batch, parts)),
    bus.consume(artifactRejected, (batch) => applyVerdicts(batch, parts)),
    bus.consume(artifactRevoked, (batch) => applyRevocations(batch, parts)),
    bus.consume(artifactSuspected, (batch) => noteSuspicions(batch, parts)),
    bus.consume(releaseRevoked, (batch) => noteRevokedReleases(batch, parts)),
  ])
}
