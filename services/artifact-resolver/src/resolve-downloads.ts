import type { artifactResolve, InputOf, ModelFit, OutputOf } from '@sluice/contracts'
import { mintGrant } from '@sluice/firmware'
import type { Parts } from './parts.ts'
import { findArtifacts, type ArtifactRow } from './store/artifacts.ts'

type Asked = InputOf<typeof artifactResolve>['items'][number]
type Resolved = OutputOf<typeof artifactResolve>['items'][number]
type Unresolved = Extract<Resolved, { kind: 'unresolved' }>['reason']

/** TR-069 A.3.2.8. */
const MAX_URL = 256

/**
 * What each attempt should fetch, as the catalogue stands at this moment. Fails closed: only an artifact that is
 * trusted, and fits the model, is ever given out.
 */
export async function resolveDownloads(items: readonly Asked[], parts: Parts): Promise<Resolved[]> {
  const artifacts = await findArtifacts(parts.sql, [...new Set(items.map((item) => item.artifactId))])
  return items.map((asked) => {
    const resolved = resolveOne(asked, artifacts.get(asked.artifactId), parts)
    parts.observability.resolved.add(1, { answer: resolved.kind === 'resolved' ? 'resolved' : resolved.reason })
    return resolved
  })
}

function resolveOne(asked: Asked, artifact: ArtifactRow | undefined, parts: Parts): Resolved {
  const { attemptId } = asked
  const no = (reason: Unresolved): Resolved => ({ kind: 'unresolved', attemptId, reason })
  if (artifact === undefined) return no('unknown_artifact')
  if (artifact.status === 'revoked') return no('revoked')
  const { size, sha256 } = artifact
  if (artifact.status !== 'trusted' || size === null || sha256 === null) return no('not_trusted')
  if (!artifact.fits.some((fit) => fitsDevice(fit, asked))) return no('model_does_not_fit')
  const { url, username, password } =
    artifact.hosting === 'origin' ? atOrigin(artifact) : atFileServer(asked, artifact, sha256, parts)
  if (url.length > MAX_URL) return no('url_too_long')
  const targetFileName = fileNameOf(artifact)
  return { kind: 'resolved', attemptId, download: { url, username, password, fileSize: size, targetFileName } }
}

/** A fit that names hardware versions fits none that is unknown. */
function fitsDevice(fit: ModelFit, device: Asked): boolean {
  if (fit.oui !== device.oui || fit.productClass !== device.productClass) return false
  if (fit.hardwareVersions === undefined) return true
  return device.hardwareVersion !== null && fit.hardwareVersions.includes(device.hardwareVersion)
}

interface Place {
  readonly url: string
  readonly username: string
  readonly password: string
}

function atOrigin({ source_url }: ArtifactRow): Place {
  return { url: source_url ?? '', username: '', password: '' }
}

function atFileServer(asked: Asked, artifact: ArtifactRow, sha256: string, { settings }: Parts): Place {
  const { attemptId, upgradeId, campaignId, artifactId } = asked
  const expiresAt = Math.floor(Date.parse(asked.expiresAt) / 1_000)
  const minted = mintGrant({ attemptId, upgradeId, campaignId, artifactId, sha256, expiresAt }, settings.downloadKey)
  const { username, password } = minted
  return { url: `${settings.filesBaseUrl}/${minted.path}/${fileNameOf(artifact)}`, username, password }
}

/** Some CPE take the name for a path, and some for a type: letters, digits, dots and dashes, and few of them. */
function fileNameOf({ name }: ArtifactRow): string {
  const plain = name
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replaceAll(/\.{2,}/g, '.')
    .slice(0, 24)
  const trimmed = plain.replace(/^[.-]+|[.-]+$/g, '')
  return trimmed === '' ? 'image.bin' : trimmed
}
