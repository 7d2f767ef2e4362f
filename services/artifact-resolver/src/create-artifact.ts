import { answered, refused, type Artifact, type ArtifactDraft, type Reply } from '@sluice/contracts'
import { refuseSource } from './import/open-source.ts'
import { isS3 } from './import/s3-source.ts'
import type { Parts } from './parts.ts'
import { asMessage, insertArtifact, type ArtifactRow } from './store/artifacts.ts'

/** Describes an image. Its bytes come by upload, or are fetched from its source from now on. */
export async function createArtifact(
  { draft, actor }: { readonly draft: ArtifactDraft; readonly actor: string },
  parts: Parts,
  wakeImporter: () => void,
): Promise<Reply<Artifact>> {
  const hosting = draft.hosting ?? 'file_server'
  if (hosting === 'origin' && draft.sourceUrl === undefined) {
    return refused('invalid_request', 'hosting at the origin needs a sourceUrl')
  }
  if (draft.sourceUrl !== undefined) {
    // A presigned URL is longer than what a CPE keeps, and its time is shorter than that of an attempt.
    if (hosting === 'origin' && isS3(draft.sourceUrl)) {
      return refused('invalid_request', 'no device fetches from s3: the file server hosts it')
    }
    const refusal = refuseSource(draft.sourceUrl, parts.settings.imports)
    if (refusal !== null) return refused('source_refused', refusal.detail)
  }
  if ((draft.size ?? 0) > parts.settings.maxImageBytes) {
    return refused('too_large', `an image has at most ${parts.settings.maxImageBytes} bytes`)
  }
  const now = parts.clock.now()
  const row = rowOf(draft, { artifactId: parts.ids.artifact(), hosting, actor, now })
  await parts.sql.transaction(async (tx) => {
    await insertArtifact(tx, row)
    const data = { artifactId: row.artifact_id, name: row.name, version: row.version, sourceUrl: row.source_url }
    await parts.journal.append(tx, [{ direction: 'note', at: now, actor, kind: 'artifact.created', data }])
  })
  wakeImporter()
  return answered(asMessage(row))
}

function rowOf(
  draft: ArtifactDraft,
  given: {
    readonly artifactId: string
    readonly hosting: Artifact['hosting']
    readonly actor: string
    readonly now: number
  },
): ArtifactRow {
  return {
    artifact_id: given.artifactId,
    name: draft.name,
    fits: draft.fits,
    version: draft.version,
    software_versions: draft.softwareVersions ?? [draft.version],
    format: draft.format ?? null,
    boards: draft.boards ?? null,
    status: 'awaiting_content',
    declared_size: draft.size ?? null,
    declared_sha256: draft.sha256 ?? null,
    size: null,
    sha256: null,
    signatures: draft.signatures,
    hosting: given.hosting,
    source_url: draft.sourceUrl ?? null,
    verdict: null,
    statement: null,
    created_at: given.now,
    created_by: given.actor,
    import_due_at: draft.sourceUrl === undefined ? null : given.now,
    import_attempts: 0,
    import_detail: null,
    origin_due_at: null,
    origin_checked_at: null,
    origin_failures: 0,
    origin_detail: null,
    recheck_due_at: null,
    rechecked_at: null,
  }
}
