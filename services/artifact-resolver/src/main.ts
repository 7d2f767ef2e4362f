import { connectNats } from '@sluice/bus'
import { openDirectoryImageStore, openDirectoryUploadStore } from '@sluice/image-store'
import { parseNetworks, runMain } from '@sluice/runtime'
import { connectPostgres } from '@sluice/sql'
import { createArtifactResolver } from './artifact-resolver.ts'
import { settings } from './config.ts'
import { s3StoreOf } from './import/s3-settings.ts'
import { readVerdictKeys } from './read-verdict-keys.ts'

const IMPORT_RETRY_MS = 30_000

await runMain('artifact-resolver', settings, async ({ settings: given, log, clock, ids, closeAtEnd, fail }) => {
  const labNetworks = parseNetworks(given.SLUICE_LAB_NETWORKS)
  const images = await openDirectoryImageStore(given.SLUICE_IMAGES_DIRECTORY)
  const uploadsAt = given.SLUICE_UPLOADS_DIRECTORY
  const uploads = uploadsAt === undefined ? undefined : await openDirectoryUploadStore(uploadsAt)
  const sql = await connectPostgres({ url: given.SLUICE_POSTGRES_URL })
  closeAtEnd('sql', () => sql.close())
  const bus = await connectNats({
    servers: given.SLUICE_NATS_URL,
    service: 'artifact-resolver',
    clock,
    log,
    onLost: fail,
  })
  closeAtEnd('bus', () => bus.close())
  const resolver = createArtifactResolver(
    { sql, bus, images, uploads, clock, ids, log },
    {
      filesBaseUrl: given.SLUICE_FILES_BASE_URL,
      downloadKey: Buffer.from(given.SLUICE_DOWNLOAD_KEY, 'hex'),
      verdictKeys: readVerdictKeys(given.SLUICE_VERDICT_PUBLIC_KEY),
      keepUploadsMs: given.SLUICE_UPLOADS_KEEP_MS,
      keepRejectedMs: given.SLUICE_QUARANTINE_KEEP_MS,
      maxImageBytes: given.SLUICE_MAX_IMAGE_BYTES,
      intake: {
        host: given.SLUICE_INTAKE_HOST,
        port: given.SLUICE_INTAKE_PORT,
        token: given.SLUICE_INTAKE_TOKEN,
        deadlineMs: given.SLUICE_INTAKE_DEADLINE_MS,
      },
      imports: {
        deadlineMs: given.SLUICE_IMPORT_DEADLINE_MS,
        idleMs: given.SLUICE_IMPORT_IDLE_MS,
        retryMs: IMPORT_RETRY_MS,
        labNetworks,
        s3: s3StoreOf(given),
      },
      origin: {
        recheckMs: given.SLUICE_ORIGIN_RECHECK_MS,
        bytesPerSecond: given.SLUICE_ORIGIN_BYTES_PER_SECOND,
      },
    },
  )
  closeAtEnd('resolver', () => resolver.stop())
  await resolver.start()
  return { checks: resolver.checks }
})
