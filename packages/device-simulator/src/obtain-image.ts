import { createHash } from 'node:crypto'
import type { Cpe, Obtained, Transfer } from './cpe.ts'
import { faultsOfImage } from './faults.ts'
import { fetchImage } from './fetch-image.ts'
import { judgeImage } from './image.ts'

/** Steps 5 and 6 of the use case: the device downloads the image and validates it. */
export async function obtainImage(cpe: Cpe, transfer: Transfer): Promise<Obtained> {
  const { settings, random } = cpe
  const { commandKey } = transfer
  transfer.state = 'in_progress'
  transfer.startedAt = new Date().toISOString()
  const fetched = await fetchImage(transfer, settings, random, transfer.abort.signal)
  if (fetched.kind === 'aborted') return { kind: 'cancelled' }
  if (fetched.kind === 'failed') {
    cpe.outcome = 'download_failed'
    cpe.record({ what: 'download_failed', commandKey, fault: fetched.fault })
    return fetched
  }
  const { image } = fetched
  const sha256 = createHash('sha256').update(image).digest('hex')
  cpe.record({ what: 'bytes_received', commandKey, bytes: image.length, sha256 })
  if (settings.faults.insistsOnFileSize && image.length !== transfer.fileSize)
    return refuseImage(cpe, commandKey, 9808, `${image.length} bytes instead of ${transfer.fileSize}`)
  return validate(cpe, commandKey, image)
}

function validate(cpe: Cpe, commandKey: string, image: Buffer): Obtained {
  const { settings } = cpe
  const verdict = judgeImage(image, settings.vendorPublicKey)
  if (verdict.kind === 'bad') return refuseImage(cpe, commandKey, verdict.fault, verdict.why)
  const { serialNumber } = settings.identity
  const faults = { ...faultsOfImage(verdict.header.behaviour, serialNumber, settings.seed), ...settings.faults }
  const { refusesImage } = faults
  if (refusesImage) return refuseImage(cpe, commandKey, refusesImage === true ? 9018 : refusesImage, 'told to')
  return { kind: 'installable', header: verdict.header, faults }
}

function refuseImage(cpe: Cpe, commandKey: string, fault: number, why: string): Obtained {
  cpe.outcome = 'refused'
  cpe.record({ what: 'image_refused', commandKey, fault, why })
  return { kind: 'failed', fault }
}
