import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Admin, type Check, createAdmin } from './admin.ts'
import { createLog } from './log.ts'

let admin: Admin
let draining = false
let checks: Record<string, Check> = {}

beforeEach(async () => {
  draining = false
  admin = await createAdmin({
    host: '127.0.0.1',
    port: 0,
    checks: () => checks,
    isDraining: () => draining,
    metrics: (_request, response) => response.end('up 1\n'),
    log: createLog({ service: 'test', level: 'silent' }),
  })
})
afterEach(() => admin.close())

const get = (path: string, init?: RequestInit) => fetch(admin.url + path, init)

test('readiness names every check, and one that fails, throws or hangs is a no; life goes on', async () => {
  checks = { sql: () => true, bus: async () => true }
  expect((await get('/readyz')).status).toBe(200)
  for (const bad of [() => false, () => Promise.reject(new Error('x')), () => new Promise<boolean>(() => {})]) {
    checks = { sql: () => true, bus: bad }
    const answer = await get('/readyz')
    expect(answer.status).toBe(503)
    expect(await answer.json()).toEqual({ ready: false, draining: false, checks: { sql: 'up', bus: 'down' } })
    expect((await get('/livez')).status).toBe(200)
  }
})

test('a draining process is alive and not ready', async () => {
  checks = { sql: () => true }
  draining = true
  expect((await get('/readyz')).status).toBe(503)
  expect((await get('/livez')).status).toBe(200)
})

test('metrics are served; nothing else is', async () => {
  expect(await (await get('/metrics')).text()).toBe('up 1\n')
  expect((await get('/')).status).toBe(404)
  expect((await get('/livez', { method: 'POST' })).status).toBe(405)
})
