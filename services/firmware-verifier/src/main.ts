import { createPrivateKey } from 'node:crypto'
import { connectNats } from '@sluice/bus'
import { openDirectoryImageStore } from '@sluice/image-store'
import { runMain } from '@sluice/runtime'
import { connectPostgres } from '@sluice/sql'
import { settings } from './config.ts'
import { createFirmwareVerifier } from './firmware-verifier.ts'

await runMain('firmware-verifier', settings, async ({ settings: given, log, clock, ids, closeAtEnd, fail }) => {
  const images = await openDirectoryImageStore(given.SLUICE_IMAGES_DIRECTORY)
  const sql = await connectPostgres({ url: given.SLUICE_POSTGRES_URL })
  closeAtEnd('sql', () => sql.close())
  const bus = await connectNats({
    servers: given.SLUICE_NATS_URL,
    service: 'firmware-verifier',
    clock,
    log,
    onLost: fail,
  })
  closeAtEnd('bus', () => bus.close())
  const verifier = createFirmwareVerifier(
    { sql, bus, images, clock, ids, log },
    {
      requiredKeys: given.SLUICE_REQUIRED_KEYS,
      secondPerson: given.SLUICE_TRUST_SECOND_PERSON,
      releaseRequiredKeys: given.SLUICE_RELEASE_REQUIRED_KEYS,
      deadlineMs: given.SLUICE_VERIFY_DEADLINE_MS,
      memoryMb: given.SLUICE_VERIFY_MEMORY_MB,
      verdictKey: createPrivateKey(given.SLUICE_VERDICT_KEY),
    },
  )
  closeAtEnd('verifier', () => verifier.stop())
  await verifier.start()
  return { checks: verifier.checks }
})
