import { connectNats } from '@sluice/bus'
import { openDirectoryImageStore, openDirectoryUploadStore } from '@sluice/image-store'
import { runMain } from '@sluice/runtime'
import { settings } from './config.ts'
import { createFileServer } from './file-server.ts'

const MAX_TRANSFERS_PER_ATTEMPT = 4
const STOPS_REFRESH_MS = 5_000

await runMain('file-server', settings, async ({ settings: given, log, clock, ids, closeAtEnd, fail }) => {
  const images = await openDirectoryImageStore(given.SLUICE_IMAGES_DIRECTORY, 'read')
  const uploadsAt = given.SLUICE_UPLOADS_DIRECTORY
  const uploads = uploadsAt === undefined ? undefined : await openDirectoryUploadStore(uploadsAt)
  const bus = await connectNats({ servers: given.SLUICE_NATS_URL, service: 'file-server', clock, log, onLost: fail })
  closeAtEnd('bus', () => bus.close())
  const previous = given.SLUICE_DOWNLOAD_KEY_PREVIOUS
  const files = createFileServer(
    { bus, images, uploads, clock, ids, log },
    {
      host: given.SLUICE_FILES_HOST,
      port: given.SLUICE_FILES_PORT,
      keys: [Buffer.from(given.SLUICE_DOWNLOAD_KEY, 'hex'), ...(previous ? [Buffer.from(previous, 'hex')] : [])],
      requireCredentials: given.SLUICE_FILES_REQUIRE_CREDENTIALS,
      maxTransfers: given.SLUICE_FILES_MAX_TRANSFERS,
      maxUploadBytes: given.SLUICE_UPLOADS_MAX_BYTES,
      maxTransfersPerAttempt: MAX_TRANSFERS_PER_ATTEMPT,
      idleMs: given.SLUICE_FILES_IDLE_MS,
      maxTransferMs: given.SLUICE_FILES_MAX_TRANSFER_MS,
      stopsRefreshMs: STOPS_REFRESH_MS,
      // Half of the time there is: what is left to tell is published after the transfers have ended.
      drainMs: given.SLUICE_DRAIN_MS / 2,
    },
  )
  closeAtEnd('files', () => files.stop())
  await files.start()
  return { checks: files.checks }
})
