import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startRawSource } from '../testing/raw-source.ts'
import { sha256Of, startResolverWorld, TOKEN, type ResolverWorld } from '../testing/resolver-world.ts'

const run = promisify(execFile)
const IMAGE = Buffer.alloc(60_000, 'firmware ')
const NO_RIGHTS = 'mounting a small file system needs rights that this process lacks'

let disk: string
/** Null: nothing could be mounted. */
let world: ResolverWorld | null
beforeAll(async () => {
  disk = await mkdtemp(join(tmpdir(), 'sluice-disk-'))
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=96k', 'sluice-test', disk]).then(
    () => true,
    () => false,
  )
  world = mounted ? await startResolverWorld({}, { imagesAt: disk }) : null
})
afterAll(async () => {
  if (world !== null) {
    await world.close()
    await run('umount', [disk])
  }
  await rm(disk, { recursive: true })
})
const resize = (size: string) => run('mount', ['-o', `remount,size=${size}`, disk])
/** A disk with room for one image, or, with other people's bytes on it, for none. */
async function smallDisk({ full }: { full: boolean }) {
  for (const folder of ['quarantine', 'sha256', 'artifact']) {
    for (const name of await readdir(join(disk, folder))) await rm(join(disk, folder, name))
  }
  await writeFile(join(disk, 'others'), Buffer.alloc(full ? 64_000 : 0))
  await resize('96k')
}

it('fault 58: refuses an upload on a full disk with the reason, leaves nothing, and takes it once there is room', async ({
  skip,
}) => {
  if (world === null) return skip(NO_RIGHTS)
  await smallDisk({ full: true })
  const artifactId = await world.create()
  const put = async () => {
    const headers = { authorization: `Bearer ${TOKEN}` }
    const response = await fetch(`${world!.intake}/${artifactId}`, { method: 'PUT', body: IMAGE, headers })
    return [response.status, await response.json()]
  }
  expect(await put()).toMatchObject([
    503,
    { code: 'unavailable', detail: 'the image could not be taken: the directory of images is full' },
  ])
  expect(await world.stored()).toEqual({ incoming: [], quarantine: [], promoted: [] })
  expect(await world.get(artifactId)).toMatchObject({ status: 'awaiting_content' })
  await resize('1m')
  expect(await put()).toMatchObject([201, { status: 'quarantined' }])
})

it('fault 58: gives no source up for a full disk of ours, says so, and goes on once there is room', async ({
  skip,
}) => {
  if (world === null) return skip(NO_RIGHTS)
  await smallDisk({ full: true })
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${IMAGE.length}\r\n\r\n`
  const source = await startRawSource((socket) => (socket.write(head), socket.end(IMAGE)))
  const artifactId = await world.create({ sourceUrl: `${source.url}/fw.bin` })
  // More often than a source is asked that is at fault itself.
  await waitUntil(() => source.connections() >= 7, { deadlineMs: 25_000 })
  expect(await world.get(artifactId)).toMatchObject({
    status: 'awaiting_content',
    import: { state: 'waiting', attempts: 0, detail: 'the directory of images is full' },
  })
  expect((await world.stored()).quarantine).toEqual([])
  await resize('1m')
  await world.becomes(artifactId, 'quarantined')
  await source.close()
})

it('fault 58: promotes nothing by halves on a full disk, and the whole once there is room', async ({ skip }) => {
  if (world === null) return skip(NO_RIGHTS)
  await smallDisk({ full: false })
  const artifactId = await world.create()
  const headers = { authorization: `Bearer ${TOKEN}` }
  await fetch(`${world.intake}/${artifactId}`, { method: 'PUT', body: IMAGE, headers })
  const before = world.logged().length
  const trusting = world.trust(artifactId)
  await waitUntil(() => world!.logged().slice(before).includes('the directory of images is full'))
  expect(await world.stored()).toMatchObject({ quarantine: [artifactId], promoted: [] })
  expect(await world.resolve(artifactId)).toBe('not_trusted')
  await resize('1m')
  await trusting
  await waitUntil(async () => (await world!.stored()).quarantine.length === 0)
  expect(await world.stored()).toEqual({ incoming: [], quarantine: [], promoted: [sha256Of(IMAGE)] })
})
