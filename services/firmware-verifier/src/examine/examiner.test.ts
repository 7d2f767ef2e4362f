import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDirectoryImageStore, type ImageStore, type QuarantinedImage } from '@sluice/image-store'
import { createIds, createManualClock, systemClock } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { expect, it } from 'vitest'
import { createExaminer } from './examiner.ts'

const ASKED = { declaredFormat: null, signatures: [], keys: [], now: 0 }

/** An image of which nothing is read, and whether somebody closed it. */
function heldImage() {
  let isClosed = false
  const unread = () => {
    throw new Error('nobody reads it')
  }
  const close = async () => {
    isClosed = true
  }
  const image: QuarantinedImage = { kind: 'open', size: 1, stream: unread, read: unread, close }
  return { image, isClosed: () => isClosed }
}

const storeThatOpens = (openQuarantined: ImageStore['openQuarantined']) => ({ openQuarantined }) as ImageStore

it('closes an image that the store opened too late', async () => {
  const { image, isClosed } = heldImage()
  const opening = Promise.withResolvers<QuarantinedImage>()
  const store = storeThatOpens(() => opening.promise)
  const examiner = createExaminer(store, systemClock, { deadlineMs: 1, memoryMb: 64 })
  await expect(examiner.examine('art_1', ASKED)).rejects.toMatchObject({ code: 'unavailable' })
  opening.resolve(image)
  await waitUntil(isClosed)
})

it('closes the image where the thread that was to read it does not start', async () => {
  const { image, isClosed } = heldImage()
  const store = storeThatOpens(async () => image)
  const worker = new URL('no-such-thread.ts', import.meta.url)
  const examiner = createExaminer(store, systemClock, { deadlineMs: 60_000, memoryMb: 64, worker })
  await expect(examiner.examine('art_1', ASKED)).rejects.toMatchObject({ code: 'unavailable' })
  await waitUntil(isClosed)
})

it('waits for a store to open an image as long as it may take, and holds nothing against the image', async () => {
  const clock = createManualClock(0)
  const silent = storeThatOpens(() => new Promise(() => undefined))
  const examiner = createExaminer(silent, clock, { deadlineMs: 1_000, memoryMb: 64 })
  const examined = expect(examiner.examine('art_1', ASKED)).rejects.toMatchObject({
    code: 'unavailable',
  })
  await clock.advance(1_000)
  await examined
})

it('holds no more of an image that Ed25519 signs than of any other', async () => {
  const image = Buffer.alloc(10 * MEMORY_MB * 1_048_576, 'image')
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const signatures = [{ algorithm: 'ed25519', value: sign(null, image, privateKey).toString('base64') }]
  const keys = [publicKey.export({ format: 'pem', type: 'spki' }).toString()]
  const folder = await mkdtemp(join(tmpdir(), 'sluice-examiner-'))
  const store = await openDirectoryImageStore(folder)
  const examiner = createExaminer(store, systemClock, { deadlineMs: 100_000, memoryMb: MEMORY_MB })
  try {
    const artifactId = createIds().artifact()
    await store.quarantine(artifactId, inPieces(image), { maxBytes: image.length })
    expect(await examiner.examine(artifactId, { ...ASKED, signatures, keys })).toMatchObject({
      kind: 'examined',
      findings: { detached: [{ outcome: { kind: 'verified' } }] },
    })
  } finally {
    await examiner.stop()
    await rm(folder, { recursive: true })
  }
})

const MEMORY_MB = 32

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1_048_576) yield bytes.subarray(at, at + 1_048_576)
}
