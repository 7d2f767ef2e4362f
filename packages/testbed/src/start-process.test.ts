import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { freePort } from './free-port.ts'
import { startProcess } from './start-process.ts'
import { waitUntil } from './wait-until.ts'

const directory = mkdtempSync(join(tmpdir(), 'sluice-process-'))
afterAll(() => rmSync(directory, { recursive: true }))

function program(name: string, text: string): string {
  const file = join(directory, name)
  writeFileSync(file, text)
  return file
}

const server = program(
  'server.mts',
  `import { createServer } from 'node:http'
   let asked: number = 0
   createServer((q, a) => { a.writeHead(q.url === '/readyz' && ++asked > 2 ? 200 : 503).end() }).listen(Number(process.env.PORT))
   process.on('SIGTERM', () => { console.log('bye ' + process.env.SECRET_OF_PARENT); process.exit(0) })`,
)

test('waits until the health endpoint answers 200, and stops gracefully', async () => {
  process.env['SECRET_OF_PARENT'] = 'leaked'
  const port = await freePort()
  const readyWhen = `http://127.0.0.1:${port}/readyz`
  const started = await startProcess({ entry: server, env: { PORT: String(port) }, readyWhen })
  expect((await fetch(readyWhen)).status).toBe(200)
  await started.stop()
  expect(await started.ended).toBe(0)
  expect(started.output()).toContain('bye undefined')
})

test('throws with the output of a process that dies before it is ready', async () => {
  const entry = program('dies.mts', `console.error('no database'); process.exit(3)`)
  await expect(startProcess({ entry, readyWhen: 'http://127.0.0.1:1/readyz' })).rejects.toThrow(
    /ended \(3\)[^]*no database/,
  )
})

test('throws when it is not ready in time, and leaves nothing running', async () => {
  const entry = program('hangs.mts', `console.log('pid ' + process.pid); setInterval(() => {}, 1000)`)
  const failure = await startProcess({ entry, readyWhen: () => false, deadlineMs: 500 }).then(
    () => '',
    (error: Error) => error.message,
  )
  const pid = Number(/pid (\d+)/.exec(failure)?.[1])
  expect(() => process.kill(pid, 0)).toThrow()
})

test('kill ends it at once', async () => {
  const started = await startProcess({ entry: server, env: { PORT: String(await freePort()) }, readyWhen: () => true })
  await started.kill()
  expect(await started.ended).toBe('SIGKILL')
})

test('no server outlives a test run that was killed with -9, and its folder is removed', async () => {
  const servers = JSON.stringify(join(import.meta.dirname, 'servers'))
  const entry = program(
    'crash.mts',
    `const { startPostgres } = await import(${servers} + '/postgres.ts')
     const { startRedis } = await import(${servers} + '/redis.ts')
     const started = await Promise.all([startPostgres(), startRedis()])
     console.log(JSON.stringify(started.map(({ port, directory }) => ({ port, directory }))))
     setInterval(() => {}, 1000)`,
  )
  const parent = spawn(process.execPath, [entry], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  parent.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await waitUntil(() => text.includes('\n'), { deadlineMs: 20_000 })
  const started = JSON.parse(text) as { port: number; directory: string }[]
  parent.kill('SIGKILL')

  const { existsSync } = await import('node:fs')
  const { askTcp } = await import('./servers/ask-tcp.ts')
  for (const { port, directory: data } of started) {
    await waitUntil(() => !existsSync(data), { describe: () => `${data} was not removed` })
    await expect(askTcp(port, '')).rejects.toThrow()
  }
})
