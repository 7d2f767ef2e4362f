import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CALL_METHODS, type DeviceCall, type DeviceTask, type DeviceTaskDraft } from '@sluice/contracts'
import { plainFileServer, type PlainFileServer, waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runDevice, type RunningDevice } from './run-device.ts'
import type { System } from './system.ts'

const SSID = 'Device.WiFi.SSID.1.SSID'
const OVER = ['done', 'faulted', 'lost', 'timed_out', 'cancelled']

/** Every RPC an operator may call, performed by a device that was woken for it, and read back by REST. */
export function callsSuite(start: () => Promise<System>): void {
  let system: System
  let cpe: RunningDevice
  let files: PlainFileServer
  const directory = mkdtempSync(join(tmpdir(), 'sluice-calls-'))
  const tried = new Set<string>()
  beforeAll(async () => {
    system = await start()
    files = await plainFileServer(directory)
    cpe = await runDevice(system, 'CALL')
    await waitUntil(() => cpe.wrote('informed').length > 0)
  }, 180_000)
  afterAll(async () => {
    await cpe?.stop()
    await files?.close()
    await system?.remove()
    rmSync(directory, { recursive: true, force: true })
  })

  const order = (call: DeviceCall, draft: Partial<DeviceTaskDraft> = {}, waitMs?: number) => {
    tried.add(call.method)
    const query = waitMs === undefined ? {} : { waitMs }
    return system.client.call('createTask', {
      params: { device: cpe.name },
      query,
      body: { call, deadlineMs: 60_000, ...draft },
    })
  }
  const get = (taskId: string) => system.client.call('getTask', { params: { taskId } })
  /** Waits until all have ended, as people do: by asking. */
  const ends = async (tasks: readonly DeviceTask[]): Promise<DeviceTask[]> => {
    let last: DeviceTask[] = []
    await waitUntil(
      async () => {
        last = await Promise.all(tasks.map(({ taskId }) => get(taskId)))
        return last.every(({ state }) => OVER.includes(state))
      },
      {
        deadlineMs: 30_000,
        everyMs: 200,
        describe: () => last.map(({ call, state, wake }) => `${call.method} ${state} ${wake}`).join(', '),
      },
    )
    return last
  }
  const responseOf = ({ result }: DeviceTask): unknown => (result?.kind === 'response' ? result.response : result)

  test('a call is answered while one waits: the device is woken, and the result is in the reply', async () => {
    const task = await order({ method: 'GetParameterValues', names: [SSID] }, { when: 'now' }, 30_000)
    expect(task.state).toBe('done')
    // Told by the waker, whom nobody waits for.
    await waitUntil(async () => (await get(task.taskId)).wake === 'accepted')
    expect(responseOf(task)).toMatchObject({ parameters: [{ name: SSID, value: cpe.device.read(SSID) }] })
    expect(cpe.wrote('connection_request').at(-1)).toMatchObject({ over: 'http', status: 200 })
    expect(cpe.wrote('informed').at(-1)?.events).toContain('6 CONNECTION REQUEST')
  }, 180_000)

  test('calls that wait are carried out in one session, in the order they were given', async () => {
    const calls: readonly DeviceCall[] = [
      { method: 'GetRPCMethods' },
      { method: 'SetParameterValues', parameters: [{ name: SSID, value: 'set & <seen>', type: 'string' }] },
      { method: 'GetParameterNames', path: 'Device.WiFi.SSID.1.', nextLevel: true },
      { method: 'SetParameterAttributes', parameters: [{ name: SSID, notification: 1, accessList: [] }] },
      { method: 'GetParameterAttributes', names: [SSID] },
      { method: 'AddObject', objectName: 'Device.WiFi.SSID.[guests].' },
      { method: 'DeleteObject', objectName: 'Device.WiFi.SSID.[guests].' },
      { method: 'GetOptions', optionName: '' },
      { method: 'SetVouchers', vouchers: [Buffer.from('a voucher').toString('base64')] },
      { method: 'GetQueuedTransfers' },
      { method: 'GetAllQueuedTransfers' },
      { method: 'CancelTransfer', commandKey: 'nobody knows this one' },
      { method: 'ScheduleInform', delaySeconds: 30 },
    ]
    const before = cpe.wrote('called').length
    const placed: DeviceTask[] = []
    for (const call of calls.slice(0, -1)) placed.push(await order(call))
    placed.push(await order(calls.at(-1)!, { when: 'now' }))
    const done = await ends(placed)
    expect(done.map(({ call, state }) => [call.method, state])).toEqual(calls.map(({ method }) => [method, 'done']))

    const [methods, , names, , attributes, added, , options] = done.map(responseOf)
    expect(methods).toMatchObject({ methods: expect.arrayContaining(['Download', 'ChangeDUState']) as string[] })
    expect(cpe.device.read(SSID)).toBe('set & <seen>')
    expect(names).toMatchObject({
      parameters: expect.arrayContaining([{ name: SSID, writable: true }]) as unknown[],
    })
    expect(attributes).toMatchObject({ parameters: [{ name: SSID, notification: 1 }] })
    expect(added).toMatchObject({ status: 0 })
    expect(cpe.wrote('object_added').at(-1)).toMatchObject({ alias: 'guests' })
    expect(cpe.wrote('object_deleted')).toHaveLength(1)
    expect(options).toMatchObject({ options: expect.arrayContaining([]) as unknown[] })
    expect(cpe.wrote('vouchers_set')).toHaveLength(1)
    expect(
      cpe
        .wrote('called')
        .slice(before)
        .map(({ method }) => method),
    ).toEqual(calls.map(({ method }) => method))
    const wrote = cpe.lines.map(({ what }) => what)
    const first = cpe.lines.indexOf(cpe.wrote('called')[before]!)
    expect(wrote.slice(first, wrote.lastIndexOf('called'))).not.toContain('informed')
    await waitUntil(() => cpe.wrote('informed').some(({ events }) => events.includes('3 SCHEDULED')))
  }, 180_000)

  test('a fault of the device is the result, with the parameters at fault', async () => {
    const parameters = [{ name: 'Device.DeviceInfo.SoftwareVersion', value: '9', type: 'string' }] as const
    const task = await order({ method: 'SetParameterValues', parameters: [...parameters] }, { when: 'now' }, 30_000)
    expect(task).toMatchObject({ state: 'faulted', result: { kind: 'fault', fault: { code: 9003 } } })
    expect(task.result).toMatchObject({ fault: { parameters: [{ name: parameters[0].name, code: 9008 }] } })
  }, 180_000)

  test('what a device uploads is there to be read, with its digest', async () => {
    const call = { method: 'Upload', fileType: '1 Vendor Configuration File' } as const
    const [done] = await ends([await order(call, { when: 'now' })])
    expect(done).toMatchObject({ state: 'done', late: { kind: 'transfer_complete', fault: null } })
    const bytes = await system.client.fetchUpload(done!.taskId)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    expect(done!.upload).toEqual({ bytes: bytes.length, sha256 })
    expect(cpe.wrote('uploaded').at(-1)).toMatchObject({ commandKey: done!.taskId, sha256 })
    writeFileSync(join(directory, 'config.bin'), bytes)
  }, 180_000)

  test('files that are no firmware are downloaded, at once or in a window', async () => {
    const file = { fileType: '3 Vendor Configuration File', url: `${files.url}/config.bin` }
    const windows = [{ startSeconds: 0, endSeconds: 3_600, mode: '1 At Any Time', maxRetries: 0 }] as const
    const [now, later] = await ends([
      await order({ method: 'Download', ...file }),
      await order({ method: 'ScheduleDownload', ...file, windows: [...windows] }, { when: 'now' }),
    ])
    for (const task of [now!, later!]) {
      expect(task).toMatchObject({ state: 'done', late: { kind: 'transfer_complete', fault: null } })
      expect(cpe.wrote('file_applied').some(({ commandKey }) => commandKey === task.taskId)).toBe(true)
    }
    const missing = { ...file, url: `${files.url}/missing.bin` }
    const [failed] = await ends([await order({ method: 'Download', ...missing }, { when: 'now' })])
    expect(failed).toMatchObject({ state: 'faulted', late: { fault: { code: 9016 } } })
  }, 180_000)

  test('firmware goes by campaign alone', async () => {
    const call = { method: 'Download', fileType: '1 Firmware Upgrade Image', url: `${files.url}/fw.bin` } as const
    await expect(order(call)).rejects.toThrow(/campaign/)
  })

  test('deployment units are installed, and what became of them is read back', async () => {
    writeFileSync(join(directory, 'unit-1.2.pkg'), 'a unit')
    const operations = [{ operation: 'install', url: `${files.url}/unit-1.2.pkg` }] as const
    const [done] = await ends([await order({ method: 'ChangeDUState', operations: [...operations] }, { when: 'now' })])
    expect(done).toMatchObject({ state: 'done', late: { kind: 'du_state_change_complete' } })
    expect(cpe.wrote('units_changed').at(-1)).toMatchObject({ commandKey: done!.taskId })
  }, 180_000)

  test('a device reboots, and goes back to its factory settings, when told to', async () => {
    const [rebooted] = await ends([await order({ method: 'Reboot' }, { when: 'now' })])
    expect(rebooted).toMatchObject({ state: 'done' })
    await waitUntil(() => cpe.wrote('informed').some(({ events }) => events.includes('M Reboot')))
    const [reset] = await ends([await order({ method: 'FactoryReset' }, { when: 'now' })])
    expect(reset).toMatchObject({ state: 'done' })
    await waitUntil(() => cpe.wrote('settings_lost').length > 0)
    await waitUntil(() => cpe.wrote('informed').at(-1)?.events.includes('0 BOOTSTRAP') === true)
  }, 180_000)

  test('a call for a device that does not come ends at its deadline, or when it is withdrawn', async () => {
    await cpe.stop()
    const late = await order({ method: 'GetRPCMethods' }, { deadlineMs: 2_000 })
    const unwanted = await order({ method: 'GetRPCMethods' })
    const params = { taskId: unwanted.taskId }
    expect(await system.client.call('cancelTask', { params })).toMatchObject({ state: 'cancelled' })
    expect((await ends([late]))[0]).toMatchObject({ state: 'timed_out', result: null })
  }, 180_000)

  test('every method there is was called', () => {
    expect([...tried].toSorted()).toEqual([...CALL_METHODS].toSorted())
  })
}
