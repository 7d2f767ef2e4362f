import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitUntil } from '@sluice/testbed'
import { expect, it } from 'vitest'
import { startRawSource } from '../testing/raw-source.ts'
import { startResolverWorld } from '../testing/resolver-world.ts'

it('a restart uses up no try of the source, and the next one goes on at once', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-restarted-'))
  const places = { imagesAt: join(directory, 'images'), databaseAt: join(directory, 'database') }
  let isStuck = true
  const source = await startRawSource((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n')
    if (!isStuck) socket.end('image')
  })
  const before = await startResolverWorld({}, places)
  const artifactId = await before.create({ sourceUrl: `${source.url}/fw.bin` })
  await waitUntil(() => source.connections() === 1)
  await before.close()
  isStuck = false
  const world = await startResolverWorld({}, places)
  try {
    await world.becomes(artifactId, 'quarantined')
    expect((await world.get(artifactId)).import).toEqual({ state: 'fetched', attempts: 1 })
    expect(source.connections()).toBe(2)
  } finally {
    await world.close()
    await source.close()
  }
})
