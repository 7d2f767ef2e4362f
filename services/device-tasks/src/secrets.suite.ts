import type { DeviceCall } from '@sluice/contracts'
import { waitUntil } from '@sluice/testbed'
import { expect, test } from 'vitest'
import type { Stand } from './testing/stand.ts'

const SECRET = 'find-me-if-you-can'
const CALLS: DeviceCall[] = [
  { method: 'SetParameterValues', parameters: [{ name: 'Device.WiFi.Key', value: SECRET, type: 'string' }] },
  {
    method: 'Download',
    fileType: '2 Web Content',
    url: `https://host/f?sig=${SECRET}`,
    username: 'u',
    password: SECRET,
  },
  { method: 'SetVouchers', vouchers: [SECRET] },
  {
    method: 'ChangeDUState',
    operations: [{ operation: 'install', url: `https://host/f?sig=${SECRET}`, password: SECRET }],
  },
]

export function secretsSuite(current: () => Stand): void {
  test.each(CALLS)('what is secret in $method is sealed, and never read back but by the gateway', async (call) => {
    const here = current()
    const task = await here.create(here.device(`S-${call.method}`), call)
    expect(JSON.stringify(task)).not.toContain(SECRET)
    expect(await stored(here)).not.toContain(SECRET)
    expect((await here.go(task)).call).toEqual(call)
    await here.answer(task, { kind: 'response', response: { status: 0, echo: SECRET } })
    expect(JSON.stringify(await here.task(task.taskId))).toContain(SECRET)
    await waitUntil(() => here.changed.some((one) => one.taskId === task.taskId && one.state !== 'running'))
    const said = JSON.stringify([here.placed, here.changed])
    expect(said).toContain(task.taskId)
    expect(said).not.toContain(SECRET)
    expect(await stored(here)).not.toContain(SECRET)
  })

  test('a call is forgotten when its task has ended', async () => {
    const here = current()
    const task = await here.create(here.device('S1'), CALLS[0]!)
    await here.go(task)
    await here.answer(task, { kind: 'response', response: { status: 0 } })
    const [row] = await here.sql.query(`select sealed_call from tasks.tasks where task_id = $1`, [task.taskId])
    expect(row).toEqual({ sealed_call: null })
  })

  test('passwords of a fleet task are sealed too', async () => {
    const here = current()
    const action = { kind: 'hand_over', url: `https://other/?t=${SECRET}`, username: 'u', password: SECRET } as const
    const device = here.device('S2', { tags: ['secrets'] })
    const created = await here.fleet({ filter: { tags: ['secrets'] }, action })
    await here.untilFleet(created.fleetTaskId, ({ state }) => state === 'running')
    expect(JSON.stringify(created)).not.toContain(SECRET)
    expect(created.action).toMatchObject({ kind: 'hand_over', username: 'u' })
    expect(await stored(here)).not.toContain(SECRET)
    expect(await stored(here)).toContain(device.deviceKey)
  })
}

/** Everything in the schema, bytes as they are. */
async function stored({ sql }: Stand): Promise<string> {
  const tables = ['tasks', 'fleet_tasks', 'journal']
  const rows = await Promise.all(tables.map((table) => sql.query(`select * from tasks.${table}`)))
  return JSON.stringify(rows, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
  )
}
