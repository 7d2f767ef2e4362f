import { connectNats } from '@sluice/bus'
import { openDirectoryImageStore, openDirectoryUploadStore } from '@sluice/image-store'
import { runMain } from '@sluice/runtime'
import { fileServerSettingsOf, settings } from './config.ts'
import { createFileServer } from './file-server.ts'

await runMain('file-server', settings, async ({ settings: given, log, clock, ids, closeAtEnd, fail }) => {
  const images = await openDirectoryImageStore(given.SLUICE_IMAGES_DIRECTORY, 'read')
  const uploadsAt = given.SLUICE_UPLOADS_DIRECTORY
  const uploads = uploadsAt === undefined ? undefined : await openDirectoryUploadStore(uploadsAt)
  const bus = await connectNats({ servers: given.SLUICE_NATS_URL, service: 'file-server', clock, log, onLost: fail })
  closeAtEnd('bus', () => bus.close())
  const files = createFileServer({ bus, images, uploads, clock, ids, log }, fileServerSettingsOf(given))
  closeAtEnd('files', () => files.stop())
  await files.start()
  return { checks: files.checks }
})
