import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { join } from 'node:path'
import { waitUntil } from '@sluice/testbed'
import { afterEach, expect, test } from 'vitest'

const door = JSON.stringify(join(import.meta.dirname, 'index.ts'))
const service = (body: string): string => `
  import { natsSettings, runJob, runMain } from ${door}
  await runMain('registry', natsSettings, async ({ settings, log, closeAtEnd, fail }) => { ${body} })
`
const started = `closeAtEnd('part', async () => log.info('part.closed')); return { checks: { part: () => true } }`

const { PATH, NODE_COMPILE_CACHE } = process.env
const surroundings = { PATH, NODE_COMPILE_CACHE, SLUICE_ADMIN_PORT: '0', SLUICE_NATS_URL: 'nats://x' }

let child: ChildProcess
let output = ''
function run(code: string, options: { args?: string[]; env?: Record<string, string> } = {}) {
  output = ''
  child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', code, '--', ...(options.args ?? [])], {
    cwd: import.meta.dirname,
    env: { ...surroundings, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return once(child, 'close') as Promise<[number | null, string | null]>
}
const entries = () =>
  output.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : []))
const said = (event: string) => entries().find((entry) => entry['event'] === event)
const adminUrl = () => `http://127.0.0.1:${String(said('admin.listening')?.['port'])}`

afterEach(() => void child.kill('SIGKILL'))

test('SIGTERM drains and ends with 0; before that it was ready, with metrics', async () => {
  const ended = run(service(started))
  await waitUntil(() => said('process.started') !== undefined, { deadlineMs: 40_000 })
  expect((await fetch(`${adminUrl()}/readyz`)).status).toBe(200)
  expect(await (await fetch(`${adminUrl()}/metrics`)).text()).toContain('service_name="registry"')
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
  expect(said('part.closed')).toBeDefined()
})

test('a process that still starts is alive and not ready', async () => {
  void run(service('await new Promise(() => {})'))
  await waitUntil(() => said('admin.listening') !== undefined, { deadlineMs: 40_000 })
  expect((await fetch(`${adminUrl()}/livez`)).status).toBe(200)
  expect((await fetch(`${adminUrl()}/readyz`)).status).toBe(503)
})

test('wrong settings are one line each on stderr, and exit code 1', async () => {
  const [code] = await run(service(started), { env: { SLUICE_NATS_URL: '', SLUICE_LOG_LEVEL: 'loud' } })
  expect(code).toBe(1)
  const lines = output.trim().split('\n')
  expect(lines.map((line) => line.split(':')[0])).toEqual(['SLUICE_NATS_URL', 'SLUICE_LOG_LEVEL'])
})

test('--help prints the settings and starts nothing', async () => {
  const [code] = await run(service(started), { args: ['--help'], env: { SLUICE_NATS_URL: '' } })
  expect(code).toBe(0)
  expect(output).toContain('`SLUICE_NATS_URL` or `SLUICE_NATS_URL_FILE`')
  expect(entries()).toEqual([])
})

test('a start that fails, a rejection nobody caught and a loss all close the parts and end with 1', async () => {
  for (const body of [
    `closeAtEnd('part', async () => log.info('part.closed')); throw new Error('no way')`,
    `setTimeout(() => void Promise.reject(new Error('no way')), 20); ${started}`,
    `setTimeout(() => fail(new Error('no way')), 20); ${started}`,
  ]) {
    const [code] = await run(service(body))
    expect(code).toBe(1)
    expect(said('process.failed')?.['level']).toBe('fatal')
    expect(output).toContain('no way')
    expect(said('part.closed')).toBeDefined()
  }
})

test('a part that hangs does not keep the process beyond the drain’s deadline', async () => {
  const ended = run(service(`closeAtEnd('stuck', () => new Promise(() => {})); ${started}`), {
    env: { SLUICE_DRAIN_MS: '100' },
  })
  await waitUntil(() => said('process.started') !== undefined, { deadlineMs: 40_000 })
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
  expect(said('process.part.close_failed')?.['part']).toBe('stuck')
})

const job = (body: string) =>
  `import { runJob } from ${door}\nawait runJob('job', {}, { twice: { type: 'boolean', description: 'Do it twice.' } }, async ({ log }, asked) => { ${body} })`
test('a job ends with 0 when its work is done and with 1 when it fails', async () => {
  expect((await run(job('')))[0]).toBe(0)
  expect((await run(job('throw new Error("no")')))[0]).toBe(1)
  expect(said('admin.listening')).toBeUndefined()
})

test('a job is told its arguments, prints them for --help, and refuses others', async () => {
  await run(job(`log.info(asked, 'asked')`), { args: ['--twice'] })
  expect(said('asked')?.['twice']).toBe(true)
  await run(job(''), { args: ['--help'] })
  expect(output).toContain('--twice  Do it twice.')
  expect((await run(job(''), { args: ['--thrice'] }))[0]).toBe(1)
})

test('fault 58: a process whose log goes to a full disk serves on, and ends in order', async () => {
  const code = service(
    `setInterval(() => log.info({ text: 'x'.repeat(10_000) }, 'line.written'), 1)
     process.send({ ready: true })
     ${started}`,
  )
  child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', code], {
    cwd: import.meta.dirname,
    env: surroundings,
    stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe', 'ipc'],
  })
  output = ''
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const ended = once(child, 'exit')
  await once(child, 'message')
  await new Promise((resolve) => void setTimeout(resolve, 1_000))
  expect([child.exitCode, child.signalCode, output]).toEqual([null, null, ''])
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})
