import type { artifactResolve, InputOf, ModelFit, OutputOf } from '@sluice/contracts'
import { campaignMarkOf, mintGrant } from '@sluice/firmware'
import type { Parts } from './parts.ts'
import { findArtifacts, isHeld, type ArtifactRow } from './store/artifacts.ts'
import { revokedAmong } from './store/revoked-releases.ts'

type Asked = InputOf<typeof artifactResolve>['items'][number]
type Resolved = OutputOf<typeof artifactResolve>['items'][number]
type Unresolved = Extract<Resolved, { kind: 'unresolved' }>['reason']

/** TR-069 A.3.2.8; there are models that take less. */
const MAX_URL = 256
/** Where a URL has no room for the artifact's own name. Some CPE want a name that ends like that of an image. */
const SHORT_NAME = 'f.bin'

/**
 * What each attempt should fetch, as the catalogue stands at this moment. Fails closed: only an artifact that is
 * trusted, fits the model, and rests on no release that was revoked, is ever given out.
 */
export async function resolveDownloads(items: readonly Asked[], parts: Parts): Promise<Resolved[]> {
  const artifacts = await findArtifacts(parts.sql, [...new Set(items.map((item) => item.artifactId))])
  const revoked = await revokedAmong(
    parts.sql,
    items.flatMap(({ releaseId }) => releaseId ?? []),
  )
  return items.map((asked) => {
    const isRevoked = asked.releaseId !== undefined && revoked.has(asked.releaseId)
    const resolved = isRevoked
      ? ({ kind: 'unresolved', attemptId: asked.attemptId, reason: 'release_revoked' } as const)
      : resolveOne(asked, artifacts.get(asked.artifactId), parts)
    parts.observability.resolved.add(1, { answer: resolved.kind === 'resolved' ? 'resolved' : resolved.reason })
    return resolved
  })
}

function resolveOne(asked: Asked, artifact: ArtifactRow | undefined, parts: Parts): Resolved {
  const { attemptId } = asked
  const no = (reason: Unresolved): Resolved => ({ kind: 'unresolved', attemptId, reason })
  if (artifact === undefined) return no('unknown_artifact')
  if (artifact.status === 'revoked') return no('revoked')
  const { size } = artifact
  if (artifact.status !== 'trusted' || size === null) return no('not_trusted')
  if (!artifact.fits.some((fit) => fitsDevice(fit, asked))) return no('model_does_not_fit')
  if (artifact.hosting === 'origin' && isHeld(artifact)) return no('origin_unavailable')
  const room = asked.urlMaxLength ?? MAX_URL
  const { url, username, password } =
    artifact.hosting === 'origin' ? atOrigin(artifact) : atFileServer(asked, artifact, room, parts)
  if (url.length > room) return no('url_too_long')
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

/** With the longest name for which there is room, or none: the name is for the device alone. */
function atFileServer(asked: Asked, artifact: ArtifactRow, room: number, { settings }: Parts): Place {
  const { attemptId, upgradeId, campaignId, artifactId } = asked
  const campaignMark = campaignMarkOf(campaignId)
  const expiresAt = Math.floor(Date.parse(asked.expiresAt) / 1_000)
  const minted = mintGrant({ attemptId, upgradeId, campaignMark, artifactId, expiresAt }, settings.downloadKey)
  const { username, password } = minted
  const nameless = `${settings.filesBaseUrl}/${minted.path}`
  const named = [fileNameOf(artifact), SHORT_NAME].map((name) => `${nameless}/${name}`)
  return { url: named.find((url) => url.length <= room) ?? nameless, username, password }
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
