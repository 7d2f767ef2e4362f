import type { ImageStore, QuarantinedImage } from '@sluice/image-store'
import { createManualClock, systemClock } from '@sluice/runtime'
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
