import type { Artifact, ArtifactDraft, SignedStatement, Verdict } from '@sluice/contracts'
import { json, type Queryable } from '@sluice/sql'

export interface ArtifactRow {
  readonly artifact_id: string
  readonly name: string
  readonly fits: Artifact['fits']
  readonly version: string
  readonly software_versions: string[]
  /** As declared; null: as it looks. */
  readonly format: Artifact['format']
  /** By the image's own names; null: the hardware versions of what it fits. */
  readonly boards: string[] | null
  readonly status: Artifact['status']
  readonly declared_size: number | null
  readonly declared_sha256: string | null
  readonly size: number | null
  readonly sha256: string | null
  readonly signatures: ArtifactDraft['signatures']
  readonly hosting: Artifact['hosting']
  readonly source_url: string | null
  readonly verdict: Verdict | null
  readonly statement: SignedStatement | null
  readonly created_at: number
  readonly created_by: string
  /** When its source is to be fetched, or fetched again; null: nothing to fetch. */
  readonly import_due_at: number | null
  /** How often its source was asked and came to something: what was our fault, or a restart, does not count. */
  readonly import_attempts: number
  /** Why its source could not be fetched the last time. */
  readonly import_detail: string | null
  /** When an image that is hosted at its origin is compared with its copy there again; null: as soon as can be. */
  readonly origin_due_at: number | null
  readonly origin_checked_at: number | null
  /** How often in a row its origin could not be asked. */
  readonly origin_failures: number
  readonly origin_detail: string | null
  /** When what devices are sent is hashed again because one of them suspects it; null: none does. */
  readonly recheck_due_at: number | null
  /** When that began the last time. */
  readonly rechecked_at: number | null
}

export async function insertArtifact(tx: Queryable, row: ArtifactRow): Promise<void> {
  await tx.query(
    `insert into resolver.artifacts (artifact_id, name, fits, version, software_versions, format, boards, status,
       declared_size, declared_sha256, signatures, hosting, source_url, created_at, created_by, import_due_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
    [
      row.artifact_id,
      row.name,
      json(row.fits),
      row.version,
      row.software_versions,
      row.format,
      row.boards,
      row.status,
      row.declared_size,
      row.declared_sha256,
      json(row.signatures),
      row.hosting,
      row.source_url,
      row.created_at,
      row.created_by,
      row.import_due_at,
    ],
  )
}

export async function findArtifact(sql: Queryable, artifactId: string): Promise<ArtifactRow | null> {
  return (await findArtifacts(sql, [artifactId])).get(artifactId) ?? null
}

export async function findArtifacts(sql: Queryable, ids: readonly string[]): Promise<Map<string, ArtifactRow>> {
  const rows = await sql.query<ArtifactRow>('select * from resolver.artifacts where artifact_id = any($1)', [[...ids]])
  return new Map(rows.map((row) => [row.artifact_id, row]))
}

/** Which bytes each trusted artifact is. */
export async function trustedDigests(
  sql: Queryable,
): Promise<{ readonly artifactId: string; readonly sha256: string }[]> {
  return sql.query(
    `select artifact_id as "artifactId", sha256 from resolver.artifacts where status = 'trusted' and sha256 is not null`,
  )
}

/** Newest first: the ids sort by the time they were made. */
export async function pageArtifacts(sql: Queryable, before: string | null, limit: number): Promise<ArtifactRow[]> {
  return sql.query<ArtifactRow>(
    `select * from resolver.artifacts where $1::text is null or artifact_id < $1 order by artifact_id desc limit $2`,
    [before, limit],
  )
}

/** Null: it does not wait for content (any more). */
export async function markQuarantined(
  tx: Queryable,
  artifactId: string,
  measured: { readonly size: number; readonly sha256: string },
): Promise<ArtifactRow | null> {
  const rows = await tx.query<ArtifactRow>(
    `update resolver.artifacts set status = 'quarantined', size = $2, sha256 = $3, import_due_at = null,
       import_attempts = import_attempts + (source_url is not null)::int, import_detail = null
     where artifact_id = $1 and status = 'awaiting_content' returning *`,
    [artifactId, measured.size, measured.sha256],
  )
  return rows[0] ?? null
}

/** Settles what waits for its verdict, or for its content; a verdict on other bytes than ours settles nothing. */
export async function markJudged(
  tx: Queryable,
  judged: {
    readonly artifactId: string
    readonly sha256: string | null
    readonly verdict: Verdict
    /** Null: the verdict is ours, and nobody signed it. */
    readonly statement: SignedStatement | null
  },
): Promise<boolean> {
  const rows = await tx.query(
    `update resolver.artifacts set status = $3, verdict = $4, statement = $5, import_due_at = null
     where artifact_id = $1 and sha256 is not distinct from $2 and status in ('awaiting_content', 'quarantined')
     returning artifact_id`,
    [
      judged.artifactId,
      judged.sha256,
      judged.verdict.trusted ? 'trusted' : 'rejected',
      json(judged.verdict),
      judged.statement === null ? null : json(judged.statement),
    ],
  )
  return rows.length === 1
}

/** Those that were not revoked before. */
export async function markRevoked(tx: Queryable, artifactIds: readonly string[]): Promise<ArtifactRow[]> {
  return tx.query<ArtifactRow>(
    `update resolver.artifacts set status = 'revoked', import_due_at = null
     where artifact_id = any($1) and status <> 'revoked' returning *`,
    [[...artifactIds]],
  )
}

export function asMessage(row: ArtifactRow): Artifact {
  return {
    artifactId: row.artifact_id,
    name: row.name,
    fits: row.fits,
    version: row.version,
    softwareVersions: row.software_versions,
    format: row.format ?? row.verdict?.evidence?.format ?? null,
    status: row.status,
    size: row.size ?? row.declared_size,
    sha256: row.sha256 ?? row.declared_sha256,
    hosting: row.hosting,
    sourceUrl: row.source_url,
    import: importOf(row),
    origin: originOf(row),
    verdict: row.verdict,
    ...(row.statement && { statement: row.statement }),
    createdAt: timeOf(row.created_at),
    createdBy: row.created_by,
  }
}

/** As in a list: without what may be long, and is there for who asks for the one. */
export function asListed(row: ArtifactRow): Artifact {
  const { statement: _, verdict, ...artifact } = asMessage(row)
  if (verdict === null) return { ...artifact, verdict }
  const { evidence: __, ...brief } = verdict
  return { ...artifact, verdict: { ...brief, checks: [] } }
}

function importOf(row: ArtifactRow): Artifact['import'] {
  if (row.source_url === null) return null
  const { import_attempts: attempts, import_detail: detail, import_due_at: dueAt } = row
  if (dueAt !== null) return { state: 'waiting', attempts, detail, dueAt: timeOf(dueAt) }
  if (row.sha256 !== null) return { state: 'fetched', attempts }
  return { state: 'given_up', attempts, detail }
}

function originOf(row: ArtifactRow): Artifact['origin'] {
  if (row.hosting !== 'origin' || row.status !== 'trusted') return null
  const checkedAt = row.origin_checked_at === null ? null : timeOf(row.origin_checked_at)
  if (row.origin_failures === 0) return { state: checkedAt === null ? 'unchecked' : 'as_verified', checkedAt }
  const { origin_failures: failures, origin_detail: detail } = row
  return { state: isHeld(row) ? 'held' : 'unreachable', checkedAt, failures, detail }
}

/** So often in a row: until then a web server may restart without any device noticing. */
const FAILURES_UNTIL_HELD = 4

/** Whether an image is kept from devices, because its origin does not answer as it did. */
export function isHeld({ origin_failures }: Pick<ArtifactRow, 'origin_failures'>): boolean {
  return origin_failures >= FAILURES_UNTIL_HELD
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}
