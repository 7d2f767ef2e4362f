import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startProcess } from '@sluice/testbed'
import { expect, test } from 'vitest'
import { brokenPromises, connectionsTo, type Costs } from './count-costs.ts'
import { tooMuchMemory } from './measure-memory.ts'
import { readOptions } from './options.ts'

const kept: Costs = {
  sessions: 200,
  posts: 400,
  challenges: 200,
  redisScripts: 400,
  events: 12,
  informs: 200,
  sqlConnections: 0,
}

test('one short run prints every column, and idle sessions cost what was promised', { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  const json = join(folder, 'figures.json')
  try {
    const args = [
      '--seconds',
      '0.5',
      '--rounds',
      '1',
      '--devices',
      '64',
      '--connections',
      '16',
      '--pace',
      '200',
      '--json',
      json,
    ]
    const bench = await startProcess({ entry: 'test/bench/main.ts', args })
    const code = await bench.ended
    const output = bench.output()
    expect([code, output]).toEqual([0, expect.stringContaining('| variant')])
    const [head = '', ...lines] = output.split('\n').filter((line) => line.startsWith('|'))
    for (const column of [
      'sessions/s',
      'p50 ms',
      'p99 ms',
      'p50 / p99 at 100/s',
      'server',
      'nats',
      'redis',
      'postgres',
      'registry',
      'scheduler',
      'total',
      'x floor (least-most)',
    ])
      expect(head).toContain(` ${column} `)
    for (const variant of ['floor: bare node:http', 'gateway, no authentication', 'gateway, digest'])
      expect(lines).toContainEqual(expect.stringContaining(`| ${variant} `))
    const { costs } = JSON.parse(readFileSync(json, 'utf8')) as { costs: Costs }
    expect(costs).toMatchObject({ sessions: 200, posts: 400, challenges: 200, redisScripts: 400, informs: 200 })
    expect(costs.events).toBeLessThan(200)
    expect(costs.sqlConnections).toBe(0)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test(
  'whatever it is handed, a gateway as it is deployed stays below 200 MB and answers on',
  { timeout: 180_000 },
  async () => {
    const args = ['--memory', '--devices', '64', '--connections', '16']
    const bench = await startProcess({ entry: 'test/bench/main.ts', args })
    const code = await bench.ended
    const output = bench.output()
    expect([code, output]).toEqual([0, expect.stringContaining('| handed to the gateway')])
    const rows = output
      .split('\n')
      .filter((line) => / MB (?:Inform|at the limit)|gzip bomb/.test(line) && line.startsWith('|'))
    expect(rows).toHaveLength(8)
    // Nobody who named no device got further than a challenge, and none of them an answer with SOAP.
    for (const row of rows) expect(row).not.toMatch(/ x 20[04]/)
  },
)

test('more memory than was promised is named', () => {
  const row = (peakBytes: number) => ({ flood: 'a flood', answers: {}, peakBytes })
  expect(tooMuchMemory([row(200_000_000), row(1)])).toEqual([])
  expect(tooMuchMemory([row(201_000_000)])).toEqual([expect.stringContaining('201 MB for a flood')])
})

test('a promise that does not hold is named, and fails the run', () => {
  expect(brokenPromises(kept)).toEqual([])
  expect(brokenPromises({ ...kept, redisScripts: 401 })).toEqual([expect.stringContaining('401 Redis scripts')])
  expect(brokenPromises({ ...kept, informs: 199 })).toEqual([expect.stringContaining('199 informs')])
  expect(brokenPromises({ ...kept, events: 200, informs: 200 })).toEqual([
    expect.stringContaining('nothing was grouped'),
  ])
  expect(brokenPromises({ ...kept, sqlConnections: 1 })).toEqual([expect.stringContaining('1 connections')])
})

test('a connection is seen, and only on the process that holds it', async () => {
  const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  expect(connectionsTo(process.pid, port)).toBe(0)
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  expect(connectionsTo(process.pid, port)).toBe(1)
  expect(connectionsTo(process.ppid, port)).toBe(0)
  socket.destroy()
  server.close()
})

test('settings that make no sense are refused in one sentence', () => {
  expect(() => readOptions(['--devices', '8', '--connections', '32'])).toThrow('--devices is at least --connections')
  expect(() => readOptions(['--seconds', '0'])).toThrow('--seconds is a number above 0')
  expect(readOptions(['--help'])).toBeNull()
})
