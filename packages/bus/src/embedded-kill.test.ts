import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { artifactRevoked } from '@sluice/contracts'
import { createLog, systemClock } from '@sluice/runtime'
import { openEmbedded } from '@sluice/sql'
import { prepareEmbedded, waitUntil } from '@sluice/testbed'
import { expect, test } from 'vitest'
import { QUICK_RETRIES, revocation } from './bus.suite.ts'
import { createEmbeddedBus } from './embedded-bus.ts'

const log = createLog({ service: 'test', level: 'silent' })

/** Publishes three events, says so, and sits in the handler of the first batch until it is killed. */
const child = `
  import { artifactRevoked } from '@sluice/contracts'
  import { createIds, createLog, systemClock } from '@sluice/runtime'
  import { openEmbedded } from '@sluice/sql'
  import { createEmbeddedBus } from ${JSON.stringify(join(import.meta.dirname, 'embedded-bus.ts'))}
  const sql = await openEmbedded({ directory: process.argv[1] })
  const ids = createIds()
  const hub = await createEmbeddedBus({ sql, clock: systemClock, log: createLog({ service: 'child', level: 'silent' }) })
  await hub.as('campaign-scheduler').consume(artifactRevoked, () => { console.log('handling'); return new Promise(() => {}) })
  const artifactId = ids.artifact()
  await hub.as('artifact-resolver').publish(artifactRevoked, ['a', 'b', 'c'].map((reason) =>
    ({ id: ids.event(), key: artifactId, data: { artifactId, reason, actor: 'operator:test' } })))
  console.log('published')
  setInterval(() => {}, 1000)
`

test('events published before a kill -9, or in the hands of a handler, are delivered after the restart', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bus-'))
  prepareEmbedded(directory)
  const victim = spawn(process.execPath, ['--input-type=module-typescript', '--eval', child, '--', directory], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const said: string[] = []
    createInterface({ input: victim.stdout }).on('line', (line) => said.push(line))
    await waitUntil(() => said.includes('published') && said.includes('handling'), { deadlineMs: 60_000 })
  } finally {
    victim.kill('SIGKILL')
    await once(victim, 'exit')
  }

  const sql = await openEmbedded({ directory })
  try {
    const hub = await createEmbeddedBus({ sql, clock: systemClock, log, retries: QUICK_RETRIES })
    const heard: string[] = []
    await hub.as('campaign-scheduler').consume(artifactRevoked, async (batch) => {
      heard.push(...batch.map(({ data }) => data.reason))
    })
    await waitUntil(() => heard.length >= 3)
    expect(heard).toEqual(['a', 'b', 'c'])

    await hub.as('artifact-resolver').consume(artifactRevoked, async () => {})
    const rows = async () => (await sql.query('select 1 from bus.event')).length
    await waitUntil(async () => (await rows()) === 0)

    const refusal = sql.transaction(() => hub.as('artifact-resolver').publish(artifactRevoked, [revocation('x')]))
    await expect(refusal).rejects.toMatchObject({ code: 'invalid_event' })
    await hub.close()
  } finally {
    await sql.close()
    rmSync(directory, { recursive: true, force: true })
  }
})
