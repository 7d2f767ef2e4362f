import { type InputOf, type OutputOf, type uploadGrant } from '@sluice/contracts'
import { mintUpload } from '@sluice/firmware'
import type { UploadStore } from '@sluice/image-store'
import type { Cancel, Clock, Log } from '@sluice/runtime'
import { LOG } from './observability.ts'
import type { ArtifactResolverSettings } from './parts.ts'

const HOUR_MS = 3_600_000

/** Where a device puts one file: derived from the id and the key, so that nothing has to be stored or looked up. */
export function grantUpload(
  { uploadId, expiresAt }: InputOf<typeof uploadGrant>,
  { filesBaseUrl, downloadKey }: Pick<ArtifactResolverSettings, 'filesBaseUrl' | 'downloadKey'>,
): OutputOf<typeof uploadGrant> {
  const seconds = Math.floor(Date.parse(expiresAt) / 1_000)
  const { path, username, password } = mintUpload({ uploadId, expiresAt: seconds }, downloadKey)
  return { url: `${filesBaseUrl}/${path}/upload.bin`, username, password, expiresAt }
}

/** Uploads hold what subscribers set: they are kept no longer than they are needed. */
export function sweepUploads(
  uploads: UploadStore,
  keepMs: number,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Cancel {
  const sweep = async () => {
    const removed = await uploads.sweep(clock.now() - keepMs)
    if (removed > 0) log.info({ removed }, LOG.uploadsSwept)
  }
  return clock.every(HOUR_MS, () => void sweep().catch((err: unknown) => log.warn({ err }, LOG.uploadsNotSwept)))
}
