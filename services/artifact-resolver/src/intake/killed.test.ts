import { mkdtemp, readdir, readFile, utimes } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startProcess, waitUntil } from '@sluice/testbed'
import { expect, it } from 'vitest'
import { sha256Of, startResolverWorld, TOKEN } from '../testing/resolver-world.ts'

const IMAGE = Buffer.alloc(60_000, 'firmware ')

it('registers nothing of an upload that a kill -9 ended, sweeps what it left, and takes it again', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-killed-'))
  const imagesAt = join(directory, 'images')
  const entry = 'services/artifact-resolver/src/testing/resolver.main.ts'
  const ready = (output: string) => output.includes('"artifactId"')
  const victim = await startProcess({ entry, args: [directory], readyWhen: ready, deadlineMs: 90_000 })
  const { intake, artifactId } = JSON.parse(/\{.*\}/.exec(victim.output())?.[0] ?? '') as {
    intake: string
    artifactId: string
  }
  const upload = request(`${intake}/${artifactId}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-length': IMAGE.length },
  })
  upload.on('error', () => undefined)
  upload.write(IMAGE.subarray(0, 40_000))
  const incoming = join(imagesAt, 'incoming')
  await waitUntil(async () => {
    const [name = ''] = await readdir(incoming)
    return (await readFile(join(incoming, name, 'image'))).length === 40_000
  })
  await victim.kill()

  // As if it had been killed long ago: a young one may be somebody's work.
  const [left = ''] = await readdir(incoming)
  const hourAgo = Date.now() / 1_000 - 3_600
  for (const path of [join(incoming, left, 'image'), join(incoming, left)]) await utimes(path, hourAgo, hourAgo)
  const world = await startResolverWorld({}, { imagesAt, databaseAt: join(directory, 'database') })
  try {
    await waitUntil(async () => (await world.stored()).incoming.length === 0)
    expect(await world.stored()).toEqual({ incoming: [], quarantine: [], promoted: [] })
    expect(await world.get(artifactId)).toMatchObject({ status: 'awaiting_content', sha256: null, size: null })
    expect(world.registered).toEqual([])

    const headers = { authorization: `Bearer ${TOKEN}` }
    const again = await fetch(`${world.intake}/${artifactId}`, { method: 'PUT', body: IMAGE, headers })
    expect(again.status).toBe(201)
    await waitUntil(() => world.registered.length === 1)
    expect(world.registered[0]).toMatchObject({ artifactId, size: IMAGE.length, sha256: sha256Of(IMAGE) })
  } finally {
    await world.close()
  }
})
