import {
  type DeviceCall,
  type DeviceTask,
  type Placement,
  deviceWoken,
  taskCancel,
  taskCreate,
  taskList,
  taskPlacements,
  taskReport,
  uploadReceived,
} from '@sluice/contracts'
import { createLog } from '@sluice/runtime'
import { type Sql, createJournal } from '@sluice/sql'
import { waitUntil } from '@sluice/testbed'
import { expect, test } from 'vitest'
import type { Parts } from '../parts.ts'
import { createSeal } from '../seal.ts'
import { ACTOR, SEAL_KEY, type Stand, must } from '../testing/stand.ts'
import { readTasks } from './read-tasks.ts'

const READ: DeviceCall = { method: 'GetParameterValues', names: ['Device.DeviceInfo.UpTime'] }
const DOWNLOAD: DeviceCall = {
  method: 'Download',
  fileType: '3 Vendor Configuration File',
  url: 'http://10.0.0.1/config',
}
const STATUS_1 = { kind: 'response', response: { status: 1 } } as const
const DAY_MS = 86_400_000

const of = (placements: readonly Placement[], taskId: string) =>
  placements.filter((one) => (one.op === 'put_task' ? one.task.taskId : 'taskId' in one && one.taskId) === taskId)

export function taskSuite(current: () => Stand): void {
  test('a call is hinted at, claimed, answered, and its result is read back', async () => {
    const here = current()
    const device = here.device('T1')
    const created = must(await here.ask(taskCreate, { device: device.name, draft: { call: READ }, actor: ACTOR }))
    const { taskId, deviceKey } = created
    expect(created).toMatchObject({ state: 'waiting', deviceKey: device.deviceKey, call: READ, commandKey: null })
    await waitUntil(() => of(here.placed, taskId).length === 1)
    expect(of(here.placed, taskId)).toEqual([
      { op: 'put_task', deviceKey, task: { kind: 'call', taskId, revision: 0 } },
    ])

    expect(await here.go(created)).toMatchObject({ kind: 'go', call: READ, commandKey: taskId })
    expect(await here.task(taskId)).toMatchObject({ state: 'running' })
    const response = { parameters: [{ name: 'Device.DeviceInfo.UpTime', value: '7', type: 'unsignedInt' }] }
    await here.answer(created, { kind: 'response', response })
    expect(await here.task(taskId)).toMatchObject({ state: 'done', result: { kind: 'response', response } })
    const seen = () => here.changed.filter((one) => one.taskId === taskId).map(({ state }) => state)
    await waitUntil(() => seen().length === 3)
    expect(seen()).toEqual(['waiting', 'running', 'done'])
  })

  test('go is said once, however many gateways ask at once', async () => {
    const here = current()
    const task = await here.create(here.device('T2'), { method: 'Reboot' })
    const claims = await Promise.all(Array.from({ length: 8 }, () => here.claim(task)))
    const kinds = claims.map((claim) => must(claim).kind)
    expect(kinds.filter((kind) => kind === 'go')).toHaveLength(1)
    expect(must(await here.claim(task)).kind).toBe('gone')
  })

  test('a claim for another device is gone', async () => {
    const here = current()
    const task = await here.create(here.device('T3'), READ)
    const other = here.device('T3b')
    expect(must(await here.claim({ taskId: task.taskId, deviceKey: other.deviceKey })).kind).toBe('gone')
    expect((await here.task(task.taskId)).state).toBe('waiting')
  })

  test('a transfer that was accepted ends with its TransferComplete, and a second one changes nothing', async () => {
    const here = current()
    const task = await here.create(here.device('T4'), DOWNLOAD)
    expect(task.commandKey).toBe(task.taskId)
    await here.go(task)
    await here.answer(task, STATUS_1)
    expect((await here.task(task.taskId)).state).toBe('transferring')
    await here.complete(task)
    await here.complete(task, 9010)
    await here.answer(task, { kind: 'fault', fault: { code: 9001, text: 'no' } })
    const after = await here.task(task.taskId)
    expect(after).toMatchObject({ state: 'done', result: STATUS_1, late: { kind: 'transfer_complete', fault: null } })
  })

  test('a fault is shown with its code, in the task and in the event', async () => {
    const here = current()
    const task = await here.create(here.device('T5'), READ)
    await here.go(task)
    const result = { kind: 'fault', fault: { code: 9005, text: 'no such parameter' } } as const
    await here.answer(task, result)
    expect(await here.task(task.taskId)).toMatchObject({ state: 'faulted', result })
    await waitUntil(() => here.changed.some((one) => one.taskId === task.taskId && one.faultCode === 9005))
  })

  test('a report about a task of another device, or about none, is ignored', async () => {
    const here = current()
    const task = await here.create(here.device('T6'), READ)
    await here.go(task)
    const other = here.device('T6b')
    await here.answer({ ...task, deviceKey: other.deviceKey }, STATUS_1)
    await here.answer({ ...task, taskId: here.newId.task() }, STATUS_1)
    expect((await here.task(task.taskId)).state).toBe('running')
  })

  test('reports of several tasks and of both kinds in one request are all recorded', async () => {
    const here = current()
    const one = await here.create(here.device('T7'), DOWNLOAD)
    const two = await here.create(here.device('T7b'), READ)
    await here.go(one)
    await here.go(two)
    const at = new Date(here.clock.now()).toISOString()
    const late = { kind: 'transfer_complete', fault: null, startTime: null, completeTime: null } as const
    const about = ({ taskId, deviceKey }: DeviceTask) => ({ taskId, deviceKey, at })
    must(
      await here.ask(taskReport, {
        items: [
          { kind: 'completed', ...about(one), late },
          { kind: 'answered', ...about(two), result: { kind: 'unanswered' } },
          { kind: 'answered', ...about(one), result: STATUS_1 },
        ],
      }),
    )
    expect(await here.task(one.taskId)).toMatchObject({ state: 'done', late, result: STATUS_1 })
    expect((await here.task(two.taskId)).state).toBe('lost')
  })

  test('a task that waits can be cancelled, its hint is withdrawn, and it cannot be claimed any more', async () => {
    const here = current()
    const task = await here.create(here.device('T8'), READ)
    const { taskId, deviceKey } = task
    expect(await here.ask(taskCancel, { taskId, actor: ACTOR })).toMatchObject({ data: { state: 'cancelled' } })
    expect(await here.ask(taskCancel, { taskId, actor: ACTOR })).toMatchObject({ data: { state: 'cancelled' } })
    expect(must(await here.claim(task)).kind).toBe('gone')
    await waitUntil(() => of(here.placed, taskId).length === 2)
    expect(of(here.placed, taskId)[1]).toEqual({ op: 'drop_task', deviceKey, taskId, revision: 1 })
  })

  test('one that was sent is past recall', async () => {
    const here = current()
    const task = await here.create(here.device('T9'), READ)
    await here.go(task)
    expect(await here.ask(taskCancel, { taskId: task.taskId, actor: ACTOR })).toMatchObject({
      error: { code: 'conflict' },
    })
    expect((await here.task(task.taskId)).state).toBe('running')
  })

  test('a deadline ends what waits, runs and transfers; only what waited is withdrawn', async () => {
    const here = current()
    const waiting = await here.create(here.device('T10'), READ, { deadlineMs: 60_000 })
    const running = await here.create(here.device('T10b'), READ, { deadlineMs: 60_000 })
    const transferring = await here.create(here.device('T10c'), DOWNLOAD, { deadlineMs: 60_000 })
    const patient = await here.create(here.device('T10d'), READ)
    await here.go(running)
    await here.go(transferring)
    await here.answer(transferring, STATUS_1)
    here.shift(60_001)
    for (const { taskId } of [waiting, running, transferring]) await here.until(taskId, 'timed_out')
    expect((await here.task(patient.taskId)).state).toBe('waiting')
    await waitUntil(() => of(here.placed, waiting.taskId).length === 2)
    expect(of(here.placed, running.taskId)).toHaveLength(1)

    await here.complete(transferring)
    expect((await here.task(transferring.taskId)).state).toBe('done')
  })

  test('a task past its deadline is gone, also while nobody has swept it yet', async () => {
    const here = current()
    await here.stop()
    await here.service({ tickMs: 3_600_000 })
    const task = await here.create(here.device('T10e'), READ, { deadlineMs: 60_000 })
    here.shift(60_001)
    expect(must(await here.claim(task)).kind).toBe('gone')
    await here.stop()
    await here.service()
    await here.until(task.taskId, 'timed_out')
  })

  test('the same idempotency key of the same actor for the same device creates nothing new', async () => {
    const here = current()
    const device = here.device('T11')
    const more = { idempotencyKey: 'once' }
    const created = await Promise.all([1, 2, 3].map(() => here.create(device, READ, more)))
    expect(new Set(created.map(({ taskId }) => taskId)).size).toBe(1)
    const other = await here.create(here.device('T11b'), READ, more)
    const draft = { call: READ, ...more }
    const reset = { call: { method: 'FactoryReset' as const }, ...more }
    const reused = await here.ask(taskCreate, { device: device.deviceKey, draft: reset, actor: ACTOR })
    expect(reused).toMatchObject({ ok: false, error: { code: 'conflict' } })
    const bob = must(await here.ask(taskCreate, { device: device.deviceKey, draft, actor: 'operator:bob' }))
    expect(new Set([created[0]!.taskId, other.taskId, bob.taskId]).size).toBe(3)
  })

  test('a device has 32 open tasks at most, also when they are created at once', async () => {
    const here = current()
    const device = here.device('T12')
    const ask = () => here.ask(taskCreate, { device: device.deviceKey, draft: { call: READ }, actor: ACTOR })
    const replies = await Promise.all(Array.from({ length: 36 }, ask))
    expect(replies.filter((reply) => reply.ok)).toHaveLength(32)
    const task = must(replies.find((reply) => reply.ok)!)
    expect(await here.refusal(device, READ)).toMatchObject({ code: 'conflict' })
    must(await here.ask(taskCancel, { taskId: task.taskId, actor: ACTOR }))
    expect(await here.refusal(device, READ)).toBeUndefined()
  })

  test('an unknown device is not found, and a registry that is away is said to be', async () => {
    const here = current()
    const draft = { call: READ }
    expect(await here.ask(taskCreate, { device: 'nobody', draft, actor: ACTOR })).toMatchObject({
      error: { code: 'not_found' },
    })
    here.away.registry = true
    expect(await here.refusal(here.device('T13'), READ)).toMatchObject({ code: 'unavailable' })
    here.away.registry = false
  })

  test('an upload without a URL gets its place when the device is on the line, and shows what arrived', async () => {
    const here = current()
    const call: DeviceCall = { method: 'Upload', fileType: '1 Vendor Configuration File' }
    const task = await here.create(here.device('T14'), call)
    const { taskId } = task
    here.away.resolver = true
    expect(await here.claim(task)).toMatchObject({ ok: false, error: { code: 'unavailable' } })
    expect((await here.task(taskId)).state).toBe('waiting')
    here.away.resolver = false
    expect(await here.go(task)).toMatchObject({
      call: { ...call, url: `http://files.example/up/${taskId}`, username: taskId, password: 'granted' },
    })
    await here.answer(task, STATUS_1)
    const upload = { bytes: 12, sha256: 'ab'.repeat(32) }
    const at = new Date(here.clock.now()).toISOString()
    const data = { uploadId: taskId, ...upload, at }
    const backup = { ...data, uploadId: here.newId.attempt().replace('fw', 'bk') }
    await here.as('artifact-resolver').publish(uploadReceived, [
      { id: here.newId.event(), key: backup.uploadId, data: backup },
      { id: here.newId.event(), key: taskId, data },
    ])
    await waitUntil(async () => (await here.task(taskId)).upload !== null)
    expect(await here.task(taskId)).toMatchObject({ state: 'transferring', upload })
    const taken = await here.sql.query(`select data->>'uploadId' as id from tasks.journal where direction = 'in'`)
    expect(taken).toEqual([{ id: taskId }])
    await here.complete(task)
    expect((await here.task(taskId)).state).toBe('done')
  })

  test('now asks for a connection request and shows what became of it; the task waits on', async () => {
    const here = current()
    const device = here.device('T15')
    const { deviceKey } = device
    here.away.waker = true
    const task = await here.create(device, READ, { when: 'now' })
    expect(task.wake).toBe('asked')
    await here.create(here.device('T15b'), READ)
    await waitUntil(async () => {
      const [row] = await here.sql.query<{ at: number }>(`select wake_at as at from tasks.tasks where task_id = $1`, [
        task.taskId,
      ])
      return row!.at > here.clock.now() && row!.at < here.clock.now() + 5_000
    })
    here.away.waker = false
    here.shift(5_000)
    await waitUntil(() => here.woken.some((one) => one.deviceKey === deviceKey))
    const at = new Date(here.clock.now()).toISOString()
    const item = { deviceKey, outcome: 'unreachable', by: 'http', attempts: 3, at } as const
    here.as('device-waker').announce(deviceWoken, [{ id: here.newId.event(), key: deviceKey, data: { items: [item] } }])
    await waitUntil(async () => (await here.task(task.taskId)).wake === 'unreachable')
    expect((await here.task(task.taskId)).state).toBe('waiting')
    expect(here.woken.filter((one) => one.deviceKey === deviceKey)).toHaveLength(1)
    expect(here.woken.some((one) => one.deviceKey === here.device('T15b').deviceKey)).toBe(false)
  })

  test('a call for now that still waits has its device woken again, four times and then no more', async () => {
    const here = current()
    const device = here.device('W1')
    const wakes = () => here.woken.filter(({ deviceKey }) => deviceKey === device.deviceKey).length
    const wakeOf = async ({ taskId }: DeviceTask) => {
      const [row] = await here.sql.query<{ asked: number; at: number | null }>(
        'select wakes_asked as asked, wake_at as at from tasks.tasks where task_id = $1',
        [taskId],
      )
      return row!
    }
    const task = await here.create(device, READ, { when: 'now' })
    for (const [index, afterMs] of [5_000, 30_000, 120_000, 600_000].entries()) {
      await waitUntil(async () => (await wakeOf(task)).asked === index + 1)
      expect(wakes()).toBe(index + 1)
      here.shift(afterMs)
    }
    await waitUntil(async () => (await wakeOf(task)).asked === 5)
    expect(await wakeOf(task)).toEqual({ asked: 5, at: null })
    expect(wakes()).toBe(5)

    const claimed = await here.create(here.device('W2'), READ, { when: 'now' })
    await waitUntil(async () => (await wakeOf(claimed)).asked === 1)
    await here.go(claimed)
    expect((await wakeOf(claimed)).at).toBeNull()
    const soonOver = await here.create(here.device('W3'), READ, { when: 'now', deadlineMs: 4_000 })
    await waitUntil(async () => (await wakeOf(soonOver)).asked === 1)
    expect((await wakeOf(soonOver)).at).toBeNull()
  })

  test('what was sealed with another key fails its own task, and no other', async () => {
    const here = current()
    const device = here.device('X1')
    const [odd, even] = [await here.create(device, READ), await here.create(device, READ)]
    const spoil = (column: string, { taskId }: DeviceTask) =>
      here.sql.query(`update tasks.tasks set ${column} = 'other' where task_id = $1`, [taskId])
    await spoil('sealed_call', odd)
    expect(await Promise.all([here.claim(odd), here.claim(even)])).toMatchObject([
      { ok: false, error: { code: 'unavailable' } },
      { ok: true, data: { kind: 'go' } },
    ])
    const third = await here.create(device, READ)
    await here.go(third)
    for (const one of [even, third]) await here.answer(one, { kind: 'response', response: { status: 0 } })
    await spoil('sealed_result', third)
    const list = must(await here.ask(taskList, { deviceKey: device.deviceKey, limit: 10 }))
    expect(list.items.map(({ taskId, result }) => [taskId, result?.kind ?? null])).toEqual([
      [third.taskId, null],
      [even.taskId, 'response'],
      [odd.taskId, null],
    ])
  })

  test('pages of tasks meet each once, newest first, by state too', async () => {
    const here = current()
    const device = here.device('T16')
    const tasks: DeviceTask[] = []
    for (let n = 0; n < 7; n++) tasks.push(await here.create(device, READ))
    must(await here.ask(taskCancel, { taskId: tasks[3]!.taskId, actor: ACTOR }))
    const all = async (filter: { state?: DeviceTask['state'] }) => {
      const seen: string[] = []
      let cursor: string | null = ''
      while (cursor !== null) {
        const from: { cursor?: string } = cursor === '' ? {} : { cursor }
        const page: { items: DeviceTask[]; next: string | null } = must(
          await here.ask(taskList, { deviceKey: device.deviceKey, limit: 3, ...filter, ...from }),
        )
        seen.push(...page.items.map(({ taskId }) => taskId))
        cursor = page.next
      }
      return seen
    }
    const newestFirst = tasks.map(({ taskId }) => taskId).toReversed()
    expect(await all({})).toEqual(newestFirst)
    expect(await all({ state: 'cancelled' })).toEqual([tasks[3]!.taskId])
  })

  test('a page reads no more results than fit into it', async () => {
    const here = current()
    const device = here.device('L1')
    const value = 'x'.repeat(400_000)
    for (let n = 0; n < 8; n++) {
      const task = await here.create(device, READ)
      await here.go(task)
      await here.answer(task, { kind: 'response', response: { value } })
    }
    let read = 0
    const query: Sql['query'] = async (text, values) => {
      const rows = await here.sql.query(text, values)
      for (const row of rows) for (const one of Object.values(row)) if (one instanceof Uint8Array) read += one.length
      return rows as never
    }
    const log = createLog({ service: 'test', level: 'silent' })
    const parts = { sql: { ...here.sql, query }, seal: createSeal(SEAL_KEY), log } as unknown as Parts
    const page = must(await readTasks(parts, { deviceKey: device.deviceKey, limit: 100 }))
    expect(page.items).toHaveLength(2)
    expect(read).toBeLessThan(2_000_000)
  })

  test('a page of large results fits into a message, and the rest follows', async () => {
    const here = current()
    const device = here.device('T17')
    const value = 'x'.repeat(400_000)
    for (let n = 0; n < 3; n++) {
      const task = await here.create(device, READ)
      await here.go(task)
      await here.answer(task, { kind: 'response', response: { value } })
    }
    const { deviceKey } = device
    const first = must(await here.ask(taskList, { deviceKey, limit: 10 }))
    expect(first.items).toHaveLength(2)
    const rest = must(await here.ask(taskList, { deviceKey, limit: 10, cursor: first.next! }))
    expect(rest).toMatchObject({ items: [{ result: { response: { value } } }], next: null })
  })

  test('everything that waits can be placed again', async () => {
    const here = current()
    const waiting = await here.create(here.device('T18'), READ)
    const sent = await here.create(here.device('T18b'), READ)
    await here.go(sent)
    const seen: Placement[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: { items: Placement[]; next: string | null } = must(
        await here.ask(taskPlacements, { limit: 2, ...(cursor === '' ? {} : { cursor }) }),
      )
      seen.push(...page.items)
      cursor = page.next
    }
    expect(of(seen, waiting.taskId)).toHaveLength(1)
    expect(of(seen, sent.taskId)).toHaveLength(0)
  })

  test.each<[string, string, unknown]>([
    ['the transfer of a campaign is not cancelled by hand', 'conflict', cancelOf('fw01ARZ3NDEKTSV4RRFFQ69G5FAV')],
    [
      'nobody speaks in the name of an attempt',
      'invalid_request',
      { method: 'Reboot', commandKey: 'fw01ARZ3NDEKTSV4RRFFQ69G5FAV' },
    ],
    ['firmware goes by campaign', 'invalid_request', { ...DOWNLOAD, fileType: 'X 00D09E firmware' }],
    ['however its number is written', 'invalid_request', { ...DOWNLOAD, fileType: '01 Image' }],
    ['a URL holds no user', 'invalid_request', { ...DOWNLOAD, url: 'http://ann:pw@host/f' }],
    ['a URL holds no line break', 'invalid_request', { ...DOWNLOAD, url: 'http://host/f\r\nX: y' }],
    ['a URL is http', 'invalid_request', { ...DOWNLOAD, url: 'file:///etc/passwd' }],
    ['nor do the other URLs', 'invalid_request', { ...DOWNLOAD, successUrl: 'http://a@host/' }],
    [
      'nor those of software modules',
      'invalid_request',
      { method: 'ChangeDUState', operations: [{ operation: 'install', url: 'gopher://x' }] },
    ],
  ])('%s', async (_, code, call) => {
    const here = current()
    const error = await here.refusal(here.device('X1'), call)
    expect(error?.code).toBe(code)
    expect(error?.detail).not.toMatch(/ann:pw/)
  })

  test('who rebooted a device stands in the audit trail', async () => {
    const here = current()
    const task = await here.create(here.device('T20'), { method: 'FactoryReset' })
    await here.go(task)
    const rows = await createJournal('tasks').read(here.sql, { deviceKey: task.deviceKey })
    expect(rows).toMatchObject([
      { kind: 'task.created', actor: ACTOR, data: { taskId: task.taskId, method: 'FactoryReset' } },
      { kind: 'task.moved', data: { from: 'waiting', to: 'running' } },
    ])
    expect(rows[0]?.traceId).toBe(task.traceId)
  })

  test('tasks are deleted when they have been over for long enough, and those that wait are not', async () => {
    const here = current()
    const ended = await here.create(here.device('T21'), READ)
    must(await here.ask(taskCancel, { taskId: ended.taskId, actor: ACTOR }))
    const waiting = await here.create(here.device('T21b'), READ, { deadlineMs: 80 * DAY_MS })
    here.shift(29 * DAY_MS)
    expect((await here.task(ended.taskId)).state).toBe('cancelled')
    here.shift(2 * DAY_MS)
    await waitUntil(
      async () => !(await here.ask(taskList, { deviceKey: ended.deviceKey, limit: 1 }).then(must)).items.length,
    )
    expect((await here.task(waiting.taskId)).state).toBe('waiting')
  })

  test('two replicas share the work, and one that is told to stop leaves it to the other', async () => {
    const here = current()
    const second = await here.service()
    const tasks = await Promise.all(
      Array.from({ length: 12 }, (_, n) => here.create(here.device(`T22-${n}`), READ, { deadlineMs: 10_000 })),
    )
    here.shift(10_001)
    await Promise.all(tasks.map(({ taskId }) => here.until(taskId, 'timed_out')))
    for (const { taskId } of tasks) {
      const moves = here.changed.filter((one) => one.taskId === taskId && one.state === 'timed_out')
      expect(moves.length).toBeLessThanOrEqual(1)
    }
    await second.stop()
    expect((await here.create(here.device('T22'), READ)).state).toBe('waiting')
  })
}

function cancelOf(commandKey: string): DeviceCall {
  return { method: 'CancelTransfer', commandKey }
}
