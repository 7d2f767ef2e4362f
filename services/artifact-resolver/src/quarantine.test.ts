import { readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openDirectoryImageStore, type ImageStore } from '@sluice/image-store'
import { createIds, createLog, systemClock } from '@sluice/runtime'
import { json, type Sql } from '@sluice/sql'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Parts } from './parts.ts'
import { sweepQuarantine } from './quarantine.ts'
import { startResolverWorld, type ResolverWorld } from './testing/resolver-world.ts'

const HOUR_MS = 3_600_000
const ids = createIds()
let world: ResolverWorld
let images: ImageStore
beforeAll(async () => {
  world = await startResolverWorld()
  images = await openDirectoryImageStore(world.imagesAt)
})
afterAll(() => world.close())

/** With a verdict against it where it was ever rejected; null: the catalogue does not know it. */
async function lying(status: string | null, ageMs: number, isRejected = status === 'rejected'): Promise<string> {
  const artifactId = status === null ? ids.artifact() : await world.create()
  const verdict = isRejected ? json({ trusted: false, reasons: [], checks: [], at: new Date().toISOString() }) : null
  const settled = [artifactId, status ?? '', verdict]
  await world.sql.query('update resolver.artifacts set status = $2, verdict = $3 where artifact_id = $1', settled)
  const path = join(world.imagesAt, 'quarantine', artifactId)
  await writeFile(path, 'image')
  const at = (Date.now() - ageMs) / 1_000
  await utimes(path, at, at)
  return artifactId
}

const sweep = (sql: Sql = world.sql) =>
  sweepQuarantine({
    images,
    sql,
    clock: systemClock,
    log: createLog({ service: 'test', level: 'silent' }),
    settings: {
      keepRejectedMs: 24 * HOUR_MS,
      intake: { deadlineMs: HOUR_MS / 2 },
      imports: { deadlineMs: HOUR_MS },
    },
  } as Parts)

it('removes what lies there for nobody, and keeps what is judged, evidence, young or unknown', async () => {
  const gone = [
    await lying('awaiting_content', 2 * HOUR_MS),
    await lying('trusted', 2 * HOUR_MS),
    await lying('revoked', 2 * HOUR_MS),
    await lying('rejected', 26 * HOUR_MS),
    await lying('revoked', 26 * HOUR_MS, true),
  ]
  const kept = [
    await lying('quarantined', 1_000 * HOUR_MS),
    await lying('rejected', 2 * HOUR_MS),
    await lying('revoked', 2 * HOUR_MS, true),
    await lying('awaiting_content', 0),
    await lying('trusted', 0),
    // It may be the wrong catalogue.
    await lying(null, 1_000 * HOUR_MS),
  ]
  await sweep()
  const left = (await world.stored()).quarantine
  expect(left.toSorted()).toEqual(kept.toSorted())
  for (const artifactId of gone) expect(left).not.toContain(artifactId)
})

it('leaves an image that comes to lie there while the catalogue is asked', async () => {
  const artifactId = await lying('awaiting_content', 2 * HOUR_MS)
  const path = join(world.imagesAt, 'quarantine', artifactId)
  const sql: Sql = {
    ...world.sql,
    query: async (text, values) => {
      await writeFile(path, 'the image, sent again')
      return world.sql.query(text, values)
    },
  }
  await sweep(sql)
  expect(await readFile(path, 'utf8')).toBe('the image, sent again')
})
