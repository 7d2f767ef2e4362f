import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import type { ImageStore, OpenedImage } from './image-store.ts'

const ART = 'art_01ARZ3NDEKTSV4RRFFQ69G5FAV'
const OTHER = 'art_01ARZ3NDEKTSV4RRFFQ69G5FAW'
const IMAGE = Buffer.from(Array.from({ length: 100_000 }, (_, at) => at % 251))
const SHA = createHash('sha256').update(IMAGE).digest('hex')
const LIMITS = { maxBytes: 1_000_000 }

async function* inChunks(bytes: Uint8Array, size = 4_096): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
async function* brokenOff(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield* inChunks(bytes)
  throw new Error('connection reset')
}
async function bytesOf(image: OpenedImage): Promise<Buffer | 'absent'> {
  return image.kind === 'absent' ? 'absent' : buffer(image.stream)
}

async function quarantinedIn(store: ImageStore, artifactId: string): Promise<Buffer | 'absent'> {
  const image = await store.openQuarantined(artifactId)
  if (image.kind === 'absent') return 'absent'
  try {
    return await buffer(image.stream())
  } finally {
    await image.close()
  }
}

/** What every store of images guarantees. `make` gives an empty one. */
export function imageStoreSuite(name: string, make: () => Promise<ImageStore>): void {
  describe(name, () => {
    it('measures what it stores and gives back the same bytes', async () => {
      const store = await make()
      expect(await store.quarantine(ART, inChunks(IMAGE), LIMITS)).toEqual({
        kind: 'stored',
        size: IMAGE.length,
        sha256: SHA,
      })
      expect(await quarantinedIn(store, ART)).toEqual(IMAGE)
    })

    it('serves a promoted image whole and by range, and never one that is only in quarantine', async () => {
      const store = await make()
      await store.quarantine(ART, inChunks(IMAGE), LIMITS)
      expect(await store.open(SHA)).toEqual({ kind: 'absent' })
      expect(await store.size(SHA)).toBeNull()
      expect(await store.promote(ART, SHA)).toEqual({ kind: 'promoted', size: IMAGE.length })
      expect(await bytesOf(await store.open(SHA))).toEqual(IMAGE)
      expect(await bytesOf(await store.open(SHA, { first: 10, last: 19 }))).toEqual(IMAGE.subarray(10, 20))
      expect(await bytesOf(await store.open(SHA, { first: IMAGE.length - 1, last: IMAGE.length - 1 }))).toEqual(
        IMAGE.subarray(-1),
      )
      expect(await store.size(SHA)).toBe(IMAGE.length)
    })

    it('gives parts of an image in quarantine, which stays the same while it is open', async () => {
      const store = await make()
      await store.quarantine(ART, inChunks(IMAGE), LIMITS)
      const image = await store.openQuarantined(ART)
      if (image.kind === 'absent') throw new Error('nothing is there')
      await store.quarantine(ART, inChunks(IMAGE.toReversed()), LIMITS)
      expect(image.size).toBe(IMAGE.length)
      expect(Buffer.from(await image.read({ first: 70_000, last: 70_009 }))).toEqual(IMAGE.subarray(70_000, 70_010))
      expect(await buffer(image.stream())).toEqual(IMAGE)
      expect(await buffer(image.stream())).toEqual(IMAGE)
      await image.close()
      expect(await quarantinedIn(store, ART)).toEqual(Buffer.from(IMAGE.toReversed()))
    })

    it('promotes only bytes that hash to the digest that was judged', async () => {
      const store = await make()
      await store.quarantine(ART, inChunks(IMAGE.subarray(1)), LIMITS)
      expect(await store.promote(ART, SHA)).toMatchObject({ kind: 'digest_mismatch' })
      expect(await store.open(SHA)).toEqual({ kind: 'absent' })
    })

    it('promotes anew what was discarded, and discards twice as once', async () => {
      const store = await make()
      await store.quarantine(ART, inChunks(IMAGE), LIMITS)
      await store.promote(ART, SHA)
      for (let time = 0; time < 2; time += 1) await store.discard(SHA)
      expect(await store.open(SHA)).toEqual({ kind: 'absent' })
      await store.quarantine(OTHER, inChunks(IMAGE), LIMITS)
      expect(await store.promote(OTHER, SHA)).toEqual({ kind: 'promoted', size: IMAGE.length })
      expect(await bytesOf(await store.open(SHA))).toEqual(IMAGE)
    })

    it('promotes twice as once, also when the image has left quarantine in between', async () => {
      const store = await make()
      await store.quarantine(ART, inChunks(IMAGE), LIMITS)
      await store.promote(ART, SHA)
      await store.remove(ART)
      await store.remove(ART)
      expect(await store.promote(ART, SHA)).toEqual({ kind: 'promoted', size: IMAGE.length })
      expect(await store.openQuarantined(ART)).toEqual({ kind: 'absent' })
      expect(await store.promote(OTHER, '0'.repeat(64))).toEqual({ kind: 'absent' })
    })

    it('knows the digest of an artifact once its image was promoted, and from then on that one alone', async () => {
      const store = await make()
      await store.quarantine(ART, inChunks(IMAGE), LIMITS)
      expect(await store.digestOf(ART)).toBeNull()
      await store.promote(ART, '0'.repeat(64))
      expect(await store.digestOf(ART)).toBeNull()
      await store.promote(ART, SHA)
      expect(await store.digestOf(ART)).toBe(SHA)

      const other = IMAGE.toReversed()
      const otherSha = createHash('sha256').update(other).digest('hex')
      await store.quarantine(ART, inChunks(other), LIMITS)
      expect(await store.promote(ART, otherSha)).toEqual({ kind: 'promoted_before', sha256: SHA })
      expect(await store.digestOf(ART)).toBe(SHA)
      expect(await store.size(otherSha)).toBeNull()
    })

    it('gives two artifacts with the same bytes one image, and each its digest', async () => {
      const store = await make()
      for (const artifactId of [ART, OTHER]) {
        await store.quarantine(artifactId, inChunks(IMAGE), LIMITS)
        await store.promote(artifactId, SHA)
        expect(await store.digestOf(artifactId)).toBe(SHA)
      }
    })

    it('stores nothing of an image above the limit', async () => {
      const store = await make()
      const refused = await store.quarantine(ART, inChunks(IMAGE), { maxBytes: IMAGE.length - 1 })
      expect(refused).toEqual({ kind: 'too_large', maxBytes: IMAGE.length - 1 })
      expect(await store.openQuarantined(ART)).toEqual({ kind: 'absent' })
      expect((await store.quarantine(ART, inChunks(IMAGE), { maxBytes: IMAGE.length })).kind).toBe('stored')
    })

    it('keeps what was there when a second upload breaks off', async () => {
      const store = await make()
      await store.quarantine(ART, inChunks(IMAGE), LIMITS)
      await expect(store.quarantine(ART, brokenOff(IMAGE.subarray(5)), LIMITS)).rejects.toMatchObject({
        code: 'source_failed',
      })
      expect(await quarantinedIn(store, ART)).toEqual(IMAGE)
    })

    it('stops when told to, and stores nothing', async () => {
      const store = await make()
      const stop = new AbortController()
      async function* endless(): AsyncGenerator<Uint8Array> {
        for (let count = 0; ; count++) {
          if (count === 3) stop.abort()
          yield IMAGE.subarray(0, 10)
        }
      }
      await expect(store.quarantine(ART, endless(), { maxBytes: Infinity, signal: stop.signal })).rejects.toMatchObject(
        { code: 'aborted' },
      )
      expect(await store.openQuarantined(ART)).toEqual({ kind: 'absent' })
    })

    it('stops when told to also while its source says nothing, and is done with it', async () => {
      const store = await make()
      const stop = new AbortController()
      async function* stalled(): AsyncGenerator<Uint8Array> {
        yield IMAGE.subarray(0, 10)
        setImmediate(() => stop.abort())
        await new Promise(() => undefined)
      }
      const limits = { maxBytes: 100, signal: stop.signal }
      await expect(store.quarantine(ART, stalled(), limits)).rejects.toMatchObject({ code: 'aborted' })
      expect(await store.sweepUnfinished(Infinity)).toBe(0)
    })

    it.each(['..', '../x', '/etc/passwd', 'art_', `${ART}/..`, `${ART}\0`, `${ART}\n`, '', 'x'.repeat(5_000)])(
      'takes no name that could be a path: %j',
      async (name) => {
        const store = await make()
        const bad = { code: 'bad_name' }
        await expect(store.quarantine(name, inChunks(IMAGE), LIMITS)).rejects.toMatchObject(bad)
        await expect((async () => store.openQuarantined(name))()).rejects.toMatchObject(bad)
        await expect((async () => store.open(name))()).rejects.toMatchObject(bad)
        await expect(store.promote(ART, name)).rejects.toMatchObject(bad)
        await expect((async () => store.digestOf(name))()).rejects.toMatchObject(bad)
        await expect(store.promote(name, SHA)).rejects.toMatchObject(bad)
        await expect(store.remove(name)).rejects.toMatchObject(bad)
        await expect((async () => store.discard(name))()).rejects.toMatchObject(bad)
      },
    )

    it('refuses a range outside of the image instead of guessing', async () => {
      const store = await make()
      await store.quarantine(ART, inChunks(IMAGE), LIMITS)
      const held = await store.openQuarantined(ART)
      if (held.kind === 'absent') throw new Error('nothing is there')
      await store.promote(ART, SHA)
      for (const range of [
        { first: 0, last: IMAGE.length },
        { first: 2, last: 1 },
        { first: -1, last: 1 },
      ]) {
        await expect(store.open(SHA, range)).rejects.toMatchObject({ code: 'bad_name' })
        await expect(held.read(range)).rejects.toMatchObject({ code: 'bad_name' })
      }
      await held.close()
    })

    it('lists what lies in quarantine, since when, and nothing that left it', async () => {
      const store = await make()
      expect(await store.listQuarantined()).toEqual([])
      for (const artifactId of [ART, OTHER]) await store.quarantine(artifactId, inChunks(IMAGE), LIMITS)
      await store.promote(ART, SHA)
      await store.remove(ART)
      const listed = await store.listQuarantined()
      expect(listed.map(({ artifactId }) => artifactId)).toEqual([OTHER])
      expect(Math.abs(listed[0]!.since - Date.now())).toBeLessThan(60_000)
      await store.sweepUnfinished(Date.now() - 60_000)
      expect(await quarantinedIn(store, OTHER)).toEqual(IMAGE)
    })

    it('removes no image that is younger than told', async () => {
      const store = await make()
      await store.quarantine(ART, inChunks(IMAGE), LIMITS)
      await store.remove(ART, { olderThan: Date.now() - 60_000 })
      expect(await quarantinedIn(store, ART)).toEqual(IMAGE)
      await store.remove(ART, { olderThan: Date.now() + 60_000 })
      expect(await quarantinedIn(store, ART)).toBe('absent')
    })

    it('serves one image to two readers at once, and takes two uploads of one artifact without mixing them', async () => {
      const store = await make()
      const other = IMAGE.toReversed()
      await Promise.all([
        store.quarantine(ART, inChunks(IMAGE), LIMITS),
        store.quarantine(ART, inChunks(other, 999), LIMITS),
      ])
      const [read, again] = await Promise.all([quarantinedIn(store, ART), quarantinedIn(store, ART)])
      expect(again).toEqual(read)
      expect([IMAGE, Buffer.from(other)]).toContainEqual(read)
    })
  })
}
