import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareEmbedded, startProcess } from '@sluice/testbed'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openEmbedded } from './embedded.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-embedded-'))
  prepareEmbedded(directory)
})
afterEach(() => rmSync(directory, { recursive: true }))

const startChild = (commits: number) =>
  startProcess({
    entry: join(import.meta.dirname, 'commit-until-killed.child.ts'),
    args: [directory],
    readyWhen: (output) => output.split('\n').length > commits,
  })
const lastSaid = (output: string) => Number(output.trimEnd().split('\n').at(-1))

test('what was committed survives a kill -9 right afterwards, again and again', async () => {
  for (const commits of [1, 7, 40]) {
    const child = await startChild(commits)
    await child.kill()
    // The last line may be cut: the number before it is certain.
    const said = lastSaid(child.output().slice(0, child.output().lastIndexOf('\n')))
    const sql = await openEmbedded({ directory })
    const [row] = await sql.query<{ count: number; max: number }>('select count(*), max(n) from said')
    await sql.close()
    expect(row?.max).toBeGreaterThanOrEqual(said)
    expect(row?.count).toBe(row?.max)
  }
})

test('a second process is refused while the first one has the directory open, and welcome after its death', async () => {
  const child = await startChild(1)
  await expect(openEmbedded({ directory })).rejects.toMatchObject({ code: 'unavailable' })
  await child.kill()
  const sql = await openEmbedded({ directory })
  await expect(openEmbedded({ directory })).rejects.toMatchObject({ code: 'unavailable' })
  await sql.close()
  await (await openEmbedded({ directory })).close()
})
