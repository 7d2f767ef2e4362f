import { artifactRegistered } from '@sluice/contracts'
import { LOG } from './observability.ts'
import type { Parts } from './parts.ts'
import { markQuarantined, type ArtifactRow } from './store/artifacts.ts'

/** Notes that the bytes of an artifact lie in quarantine, and has the verifier told. Null: it waits for none (any more). */
export async function registerContent(
  artifactId: string,
  measured: { readonly size: number; readonly sha256: string },
  parts: Parts,
): Promise<ArtifactRow | null> {
  const row = await parts.sql.transaction(async (tx) => {
    const marked = await markQuarantined(tx, artifactId, measured)
    if (marked === null) return null
    await parts.journal.append(tx, [
      {
        direction: 'out',
        id: parts.ids.event(),
        key: artifactId,
        at: parts.clock.now(),
        actor: marked.created_by,
        kind: artifactRegistered.name,
        data: {
          artifactId,
          ...measured,
          declaredSize: marked.declared_size,
          declaredSha256: marked.declared_sha256,
          format: marked.format,
          version: marked.version,
          softwareVersions: marked.software_versions,
          boards: marked.boards,
          fits: marked.fits,
          signatures: marked.signatures,
          actor: marked.created_by,
        },
      },
    ])
    return marked
  })
  parts.relay.wake()
  if (row !== null) {
    parts.observability.registered.add(1)
    parts.log.info({ artifact_id: artifactId, ...measured }, LOG.registered)
  }
  return row
}
