import type { Placement, Task, Watch } from '@sluice/contracts'
import type { ManualClock } from '@sluice/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bounds } from './bounds.ts'
import type { HotStore, NonceUse, RecordChange, ResumedSession, SessionKey } from './hot-store.ts'

/** `clock` is the store's; `passTime` lets sessions expire, also where the server has a clock of its own. */
export interface HotStoreUnderTest {
  readonly store: HotStore
  readonly clock: ManualClock
  passTime(ms: number): Promise<void>
  /** As if so much time had passed for this device's record. */
  age(deviceKey: string, ms: number): Promise<void>
  forgetEverything(): Promise<void>
}

const NOW = Date.parse('2026-11-20T12:00:00.000Z')
export const SUITE_START = NOW

/** What every hot store promises. */
export function hotStoreSuite(create: () => Promise<HotStoreUnderTest>): void {
  let under: HotStoreUnderTest
  let store: HotStore
  let devices = 0

  beforeAll(async () => {
    under = await create()
    store = under.store
  })
  afterAll(() => store.close())

  const newDevice = () => 'dev_' + String.fromCharCode(97 + (devices++ % 26)).repeat(24) + base32(devices)
  const open = async (deviceKey: string, token: string, version: string | null = '1.0') => {
    const key = { deviceKey, token }
    const [opened] = await store.open([{ key, state: `state of ${token}`, ttlMs: 60_000, version }])
    return { key, record: opened!.record }
  }
  const resume = async (key: SessionKey, endIfIdle = false) => (await store.resume([{ key, endIfIdle }]))[0]!
  const save = async (key: SessionKey, revision: number, changes: readonly RecordChange[] = [], ended = false) =>
    (await store.save([{ key, revision, state: `saved ${revision}`, ttlMs: 60_000, ended, changes }]))[0]!
  const recordOf = async (deviceKey: string) => (await open(deviceKey, `probe${devices++}`)).record
  const begin = async (deviceKey: string, token = 'a') => {
    const { key } = await open(deviceKey, token)
    return { key, resumed: resumedOf(await resume(key)) }
  }

  test('a session is found again with the state it was opened with', async () => {
    const { resumed } = await begin(newDevice())
    expect(resumed).toMatchObject({ state: 'state of a', revision: 0, ended: false })
  })

  test('a session nobody opened is unknown', async () => {
    expect(await resume({ deviceKey: newDevice(), token: 'nobody' })).toEqual({ kind: 'unknown' })
  })

  test('the second session of a device supersedes the first at its second POST, not before', async () => {
    const deviceKey = newDevice()
    const first = await begin(deviceKey, 'first')
    const second = await open(deviceKey, 'second')
    expect((await resume(first.key)).kind).toBe('resumed')
    expect((await resume(second.key)).kind).toBe('resumed')
    expect(await resume(first.key)).toEqual({ kind: 'superseded' })
  })

  test('a tentative session that was opened earlier cannot take over from a later one', async () => {
    const deviceKey = newDevice()
    const early = await open(deviceKey, 'early')
    await begin(deviceKey, 'late')
    expect(await resume(early.key)).toEqual({ kind: 'superseded' })
  })

  test('a save of a superseded session is stale and changes nothing', async () => {
    const deviceKey = newDevice()
    const first = await begin(deviceKey, 'first')
    await begin(deviceKey, 'second')
    const changes = [{ op: 'put_offer', offer: { attemptId: attempt(1), answered: false } }] as const
    expect(await save(first.key, 0, changes)).toBe('stale')
    expect((await recordOf(deviceKey)).offer).toBeNull()
  })

  test('a tentative session cannot be saved', async () => {
    const { key } = await open(newDevice(), 'a')
    expect(await save(key, 0)).toBe('stale')
  })

  test('of two saves with one revision the second is stale and changes nothing', async () => {
    const deviceKey = newDevice()
    const { key } = await begin(deviceKey)
    const offer = (n: number) => [{ op: 'put_offer', offer: { attemptId: attempt(n), answered: false } }] as const
    const answers = await Promise.all([save(key, 0, offer(1)), save(key, 0, offer(2))])
    expect(answers.toSorted()).toEqual(['saved', 'stale'])
    expect((await recordOf(deviceKey)).offer?.attemptId).toBe(attempt(answers.indexOf('saved') + 1))
    expect(resumedOf(await resume(key))).toMatchObject({ state: 'saved 0', revision: 1 })
  })

  test('a session with nothing to do ends in the script that resumes it', async () => {
    const { key } = await open(newDevice(), 'a')
    expect(await resume(key, true)).toMatchObject({ kind: 'resumed', ended: true })
    expect(await resume(key, false)).toMatchObject({ kind: 'resumed', ended: true })
  })

  test.each<[string, (deviceKey: string) => Placement]>([
    ['a due task', (deviceKey) => ({ op: 'put_task', deviceKey, task: hint(1) })],
    ['a watch', (deviceKey) => ({ op: 'put_watch', deviceKey, watch: watch(1, 1) })],
  ])('a session of a device with %s does not end when it is resumed', async (_, placement) => {
    const deviceKey = newDevice()
    await store.place([placement(deviceKey)])
    const { key } = await open(deviceKey, 'a')
    expect(await resume(key, true)).toMatchObject({ ended: false })
  })

  test('a session of a device with an unanswered offer does not end when it is resumed, with an answered one it does', async () => {
    const deviceKey = newDevice()
    const { key } = await begin(deviceKey)
    await save(key, 0, [{ op: 'put_offer', offer: { attemptId: attempt(1), answered: false } }])
    const next = await open(deviceKey, 'b')
    expect(await resume(next.key, true)).toMatchObject({ ended: false })
    await save(next.key, 0, [{ op: 'put_offer', offer: { attemptId: attempt(1), answered: true } }])
    const last = await open(deviceKey, 'c')
    expect(await resume(last.key, true)).toMatchObject({ ended: true })
  })

  test('a watch whose time is over is none', async () => {
    const deviceKey = newDevice()
    const until = new Date(under.clock.now() - 1).toISOString()
    await store.place([{ op: 'put_watch', deviceKey, watch: { ...watch(1, 1), until } }])
    const { key, record } = await open(deviceKey, 'a')
    expect(record.watch).toBeNull()
    expect(await resume(key, true)).toMatchObject({ ended: true, record: { watch: null } })
  })

  test('each POST keeps a session for as long as it was opened or saved for', async () => {
    const key = { deviceKey: newDevice(), token: 'a' }
    await store.open([{ key, state: 's', ttlMs: 3_000, version: null }])
    for (let post = 0; post < 2; post++) {
      await under.passTime(1_800)
      expect((await resume(key)).kind).toBe('resumed')
    }
    await store.save([{ key, revision: 0, state: 's', ttlMs: 60_000, ended: false, changes: [] }])
    await resume(key)
    await under.passTime(3_400)
    expect((await resume(key)).kind).toBe('resumed')
  })

  test('a hint that is not due yet lets a session end', async () => {
    const deviceKey = newDevice()
    const notBefore = new Date(under.clock.now() + 3_600_000).toISOString()
    await store.place([{ op: 'put_task', deviceKey, task: { ...hint(1), notBefore } }])
    const { key } = await open(deviceKey, 'a')
    expect(await resume(key, true)).toMatchObject({ ended: true, record: { tasks: [{ notBefore }] } })
  })

  test('a session that was saved before is not ended by resuming it', async () => {
    const { key } = await begin(newDevice())
    await save(key, 0)
    expect(await resume(key, true)).toMatchObject({ ended: false })
  })

  test('a save says whether the session has ended', async () => {
    const { key } = await begin(newDevice())
    await save(key, 0, [], true)
    expect(await resume(key)).toMatchObject({ ended: true })
  })

  test('a tentative session changes neither the last version nor anything else of the record', async () => {
    const deviceKey = newDevice()
    await begin(deviceKey, 'a')
    await open(deviceKey, 'b', '2.0')
    expect(await recordOf(deviceKey)).toEqual({
      credential: null,
      credentialRevision: 0,
      watch: null,
      tasks: [],
      offer: null,
      call: null,
      asked: null,
      refusedArguments: null,
      bootedAt: null,
      planted: null,
      returned: null,
      lastVersion: '1.0',
    })
  })

  test('the version a device reported is its last version from the second POST on', async () => {
    const deviceKey = newDevice()
    expect((await open(deviceKey, 'a', '1.0')).record.lastVersion).toBeNull()
    await resume({ deviceKey, token: 'a' })
    expect(resumedOf(await resume((await open(deviceKey, 'b', '2.0')).key)).record.lastVersion).toBe('2.0')
  })

  test('an older revision of a task never overwrites a newer one, an equal one does', async () => {
    const deviceKey = newDevice()
    const put = (revision: number, weight: number): Placement => ({
      op: 'put_task',
      deviceKey,
      task: { ...hint(1), revision, weight },
    })
    await store.place([put(5, 50), put(4, 40)])
    expect((await recordOf(deviceKey)).tasks).toMatchObject([{ revision: 5, weight: 50 }])
    await store.place([put(5, 51)])
    expect((await recordOf(deviceKey)).tasks).toMatchObject([{ revision: 5, weight: 51 }])
  })

  test('a task that was dropped does not come back when an old placement is delivered again', async () => {
    const deviceKey = newDevice()
    const put: Placement = { op: 'put_task', deviceKey, task: hint(1) }
    await store.place([put, { op: 'drop_task', deviceKey, taskId: hint(1).taskId, revision: 1 }, put])
    expect((await recordOf(deviceKey)).tasks).toEqual([])
    await store.place([{ op: 'put_task', deviceKey, task: { ...hint(1), revision: 2 } }])
    expect((await recordOf(deviceKey)).tasks).toHaveLength(1)
  })

  test('dropping a check leaves the cancel of the same attempt', async () => {
    const deviceKey = newDevice()
    const put = (kind: 'check' | 'cancel', revision: number): Placement => ({
      op: 'put_task',
      deviceKey,
      task: { kind, taskId: attempt(1), revision },
    })
    await store.place([put('cancel', 1), put('check', 2)])
    const { key } = await begin(deviceKey)
    await save(key, 0, [{ op: 'drop_task', taskId: attempt(1), kind: 'check', revision: 2 }])
    expect((await recordOf(deviceKey)).tasks).toMatchObject([{ kind: 'cancel' }])
    await store.place([{ op: 'drop_task', deviceKey, taskId: attempt(1), revision: 2 }])
    expect((await recordOf(deviceKey)).tasks).toEqual([])
  })

  test('a drop older than the task leaves it', async () => {
    const deviceKey = newDevice()
    await store.place([
      { op: 'put_task', deviceKey, task: { ...hint(1), revision: 3 } },
      { op: 'drop_task', deviceKey, taskId: hint(1).taskId, revision: 2 },
    ])
    expect((await recordOf(deviceKey)).tasks).toHaveLength(1)
  })

  test('a watch yields to a newer revision and to a newer attempt, and to nothing older', async () => {
    const deviceKey = newDevice()
    const put = (n: number, revision: number): Placement => ({ op: 'put_watch', deviceKey, watch: watch(n, revision) })
    const current = async () => {
      const found = (await recordOf(deviceKey)).watch
      return found === null ? null : [found.attemptId, found.revision]
    }
    await store.place([put(2, 5), put(2, 4), put(1, 9)])
    expect(await current()).toEqual([attempt(2), 5])
    await store.place([put(2, 6)])
    expect(await current()).toEqual([attempt(2), 6])
    await store.place([put(3, 1), { op: 'drop_watch', deviceKey, attemptId: attempt(2), revision: 99 }])
    expect(await current()).toEqual([attempt(3), 1])
    await store.place([{ op: 'drop_watch', deviceKey, attemptId: attempt(3), revision: 2 }, put(3, 1)])
    expect(await current()).toBeNull()
  })

  test('revisions are exact up to the largest safe integer', async () => {
    const deviceKey = newDevice()
    const newest = Number.MAX_SAFE_INTEGER - 1
    for (const revision of [newest - 2, newest, newest - 1]) {
      await store.place([
        { op: 'put_watch', deviceKey, watch: watch(1, revision) },
        { op: 'put_task', deviceKey, task: { kind: 'check', taskId: attempt(1), revision } },
      ])
    }
    const { tasks, watch: kept } = await recordOf(deviceKey)
    expect([kept?.revision, ...tasks.map(({ revision }) => revision)]).toEqual([newest, newest])
  })

  test('tasks come in order of weight, then age, with cancels and checks first', async () => {
    const deviceKey = newDevice()
    const tasks: Task[] = [
      hint(1, 10),
      hint(2, 30),
      hint(3, 10),
      { kind: 'check', taskId: attempt(1), revision: 1 },
      { kind: 'cancel', taskId: attempt(1), revision: 1 },
    ]
    await store.place(tasks.toReversed().map((task) => ({ op: 'put_task', deviceKey, task })))
    const order = (await recordOf(deviceKey)).tasks.map(({ kind, taskId }) => `${kind} ${taskId.at(-1)}`)
    expect(order).toEqual(['cancel 1', 'check 1', 'upgrade 2', 'upgrade 1', 'upgrade 3'])
  })

  test('a record holds a bounded number of tasks of each kind, and the lightest and youngest go', async () => {
    const deviceKey = newDevice()
    const { upgrade: room } = bounds.tasks
    const many = Array.from({ length: room + 4 }, (_, i) => hint(i + 1, i < 2 ? 1 : 5))
    await store.place(many.map((task) => ({ op: 'put_task', deviceKey, task })))
    const kept = (await recordOf(deviceKey)).tasks.map(({ taskId }) => taskId)
    expect(kept).toEqual(many.slice(2, 2 + room).map(({ taskId }) => taskId))
  })

  test('all calls that may wait for a device have room, and take none of a hint, a check or a cancel', async () => {
    const deviceKey = newDevice()
    const put = (task: Task): Placement => ({ op: 'put_task', deviceKey, task })
    await store.place([put(hint(1)), put({ kind: 'check', taskId: attempt(1), revision: 1 })])
    await store.place([put({ kind: 'cancel', taskId: attempt(1), revision: 1 })])
    const calls = Array.from({ length: bounds.tasks.call + 2 }, (_, n) => callOf(n))
    for (const call of calls) await store.place([put(call)])
    const { tasks } = await recordOf(deviceKey)
    expect(tasks.filter(({ kind }) => kind !== 'call').map(({ kind }) => kind)).toEqual(['cancel', 'check', 'upgrade'])
    const kept = tasks.filter(({ kind }) => kind === 'call').map(({ taskId }) => taskId)
    expect(kept).toEqual(calls.slice(0, bounds.tasks.call).map(({ taskId }) => taskId))
    expect(bounds.tasks.call).toBeGreaterThan(32)
  })

  test('calls that are over do not make it forget that a hint was dropped', async () => {
    const deviceKey = newDevice()
    const put: Placement = { op: 'put_task', deviceKey, task: hint(1) }
    await store.place([put, { op: 'drop_task', deviceKey, taskId: hint(1).taskId, revision: 1 }])
    for (let n = 0; n < 30; n++) {
      await store.place([{ op: 'drop_task', deviceKey, taskId: callOf(n).taskId, revision: 1 }])
    }
    await store.place([put])
    expect((await recordOf(deviceKey)).tasks).toEqual([])
  })

  test('a save changes the record in the same step', async () => {
    const deviceKey = newDevice()
    await store.place([{ op: 'put_task', deviceKey, task: hint(1) }])
    const { key } = await begin(deviceKey)
    await save(key, 0, [
      { op: 'put_offer', offer: { attemptId: attempt(1), answered: false } },
      { op: 'put_watch', watch: watch(1, 2) },
      { op: 'drop_task', taskId: hint(1).taskId, kind: 'upgrade', revision: 1 },
      { op: 'put_planted', attemptId: attempt(9) },
      { op: 'put_returned', attemptId: attempt(8) },
    ])
    expect(await recordOf(deviceKey)).toEqual({
      credential: null,
      credentialRevision: 0,
      watch: watch(1, 2),
      tasks: [],
      offer: { attemptId: attempt(1), answered: false },
      call: null,
      asked: null,
      refusedArguments: null,
      bootedAt: null,
      planted: attempt(9),
      returned: attempt(8),
      lastVersion: '1.0',
    })
  })

  test('the latest session of a device is the last proven one, and finding it changes nothing', async () => {
    const deviceKey = newDevice()
    const latest = async () => (await store.latest([deviceKey]))[0]!.token
    expect(await latest()).toBeNull()
    const running = await begin(deviceKey, 'running')
    const proven = await open(deviceKey, 'proven')
    await store.prove([proven.key])
    await open(deviceKey, 'unproven')
    expect(await latest()).toBe('proven')
    expect((await resume(running.key)).kind).toBe('resumed')
  })

  test('proving the session of a device that is forgotten leaves nothing behind', async () => {
    const key = { deviceKey: newDevice(), token: 'a' }
    await store.prove([key])
    expect(await store.latest([key.deviceKey])).toMatchObject([{ token: null }])
  })

  test('a device that returned a cookie is known to until its version is another one', async () => {
    const deviceKey = newDevice()
    const session = async (token: string, version: string | null, byCookie: boolean) => {
      const key = { deviceKey, token }
      const [opened] = await store.open([{ key, state: 's', ttlMs: 60_000, version }])
      await store.resume([{ key, endIfIdle: true, byCookie }])
      return opened!.returnsCookies
    }
    expect(await session('a', '1.0', false)).toBe(false)
    expect(await session('b', '1.0', true)).toBe(false)
    expect(await session('c', '1.0', true)).toBe(true)
    expect(await session('d', '2.0', false)).toBe(false)
    expect(await session('e', null, true)).toBe(false)
  })

  test('a device whose last session was not continued, or not by cookie, is not known to return cookies', async () => {
    const deviceKey = newDevice()
    const session = async (token: string, then: 'by cookie' | 'without' | 'lost') => {
      const key = { deviceKey, token }
      const [opened] = await store.open([{ key, state: 's', ttlMs: 60_000, version: '1.0' }])
      if (then !== 'lost') await store.resume([{ key, endIfIdle: true, byCookie: then === 'by cookie' }])
      return opened!.returnsCookies
    }
    expect(await session('a', 'by cookie')).toBe(false)
    expect(await session('b', 'lost')).toBe(true)
    expect(await session('c', 'by cookie')).toBe(false)
    expect(await session('d', 'without')).toBe(true)
    expect(await session('e', 'by cookie')).toBe(false)
    expect(await session('f', 'by cookie')).toBe(true)
  })

  test('a session that was opened with work does not end when it is resumed, and is saved like any other', async () => {
    const key = { deviceKey: newDevice(), token: 'a' }
    await store.open([{ key, state: 's', ttlMs: 60_000, version: null, hasWork: true }])
    const resumed = resumedOf(await resume(key, true))
    expect(resumed.ended).toBe(false)
    expect(await save(key, resumed.revision)).toBe('saved')
  })

  test('the boot of a device is remembered from the second POST on', async () => {
    const deviceKey = newDevice()
    const key = { deviceKey, token: 'a' }
    await store.open([{ key, state: 's', ttlMs: 60_000, version: null, bootedAt: NOW }])
    expect((await recordOf(deviceKey)).bootedAt).toBeNull()
    await resume(key)
    expect((await recordOf(deviceKey)).bootedAt).toBe(NOW)
  })

  test('a session of a device with an unanswered call does not end when it is resumed, with an answered one it does', async () => {
    const deviceKey = newDevice()
    const { key } = await begin(deviceKey, 'a')
    const call = { taskId: 'tsk_' + '0'.repeat(26), answered: false }
    await save(key, 0, [
      { op: 'put_call', call },
      { op: 'put_refused_arguments', refused: 'all' },
    ])
    const next = await open(deviceKey, 'b')
    expect(next.record).toMatchObject({ call, refusedArguments: 'all' })
    expect(await resume(next.key, true)).toMatchObject({ ended: false })
    await save(next.key, 0, [{ op: 'put_call', call: { ...call, answered: true } }])
    const last = await open(deviceKey, 'c')
    expect(await resume(last.key, true)).toMatchObject({ ended: true })
  })

  test('what a session asked last is remembered until it is answered', async () => {
    const deviceKey = newDevice()
    const { key } = await begin(deviceKey)
    await save(key, 0, [{ op: 'put_asked', name: 'check:x' }])
    expect((await recordOf(deviceKey)).asked).toBe('check:x')
    await save(key, 1, [{ op: 'put_asked', name: null }])
    expect((await recordOf(deviceKey)).asked).toBeNull()
  })

  test('a call that was dropped of any kind stays away', async () => {
    const deviceKey = newDevice()
    const taskId = 'tsk_' + '0'.repeat(26)
    const task = { kind: 'call', taskId, revision: 1 } as const
    await store.place([{ op: 'put_task', deviceKey, task }])
    await store.place([{ op: 'drop_task', deviceKey, taskId, revision: 1 }])
    await store.place([{ op: 'put_task', deviceKey, task }])
    expect((await recordOf(deviceKey)).tasks).toEqual([])
  })

  test('credentials are remembered until they are forgotten', async () => {
    const deviceKey = newDevice()
    const credential = { username: 'user "quoted"', ha1: 'a'.repeat(32) }
    expect(await store.rememberCredentials([{ deviceKey, credential, revision: 0 }])).toEqual(['kept'])
    expect((await recordOf(deviceKey)).credential).toEqual(credential)
    expect(await store.latest([deviceKey])).toMatchObject([{ credential, credentialRevision: 0 }])
    await store.forgetCredentials([deviceKey])
    expect((await recordOf(deviceKey)).credential).toBeNull()
  })

  test('what was learnt of a credential before it was forgotten is not kept after, what is learnt then is', async () => {
    const deviceKey = newDevice()
    const learnt = (ha1: string, revision: number) => ({ deviceKey, credential: { username: 'u', ha1 }, revision })
    const { credentialRevision: before } = await recordOf(deviceKey)
    await store.forgetCredentials([deviceKey])
    expect(await store.rememberCredentials([learnt('old', before)])).toEqual(['stale'])
    const { credential, credentialRevision: after } = await recordOf(deviceKey)
    expect([credential, after > before]).toEqual([null, true])
    expect(await store.rememberCredentials([learnt('new', after)])).toEqual(['kept'])
    expect((await store.latest([deviceKey]))[0]).toMatchObject({
      credential: { ha1: 'new' },
      credentialRevision: after,
    })
  })

  describe('a nonce', () => {
    const nonce = (count: number | null, id = 'abc', keepMs = 60_000): NonceUse => ({ id, count, keepMs })
    const openWith = async (deviceKey: string, token: string, use: NonceUse) => {
      const key = { deviceKey, token }
      return (await store.open([{ key, state: 's', ttlMs: 60_000, version: '1.0', nonce: use }]))[0]!
    }
    const resumeWith = async (key: SessionKey, use: NonceUse) =>
      (await store.resume([{ key, endIfIdle: true, nonce: use }]))[0]!

    test('opens sessions as long as its count grows, and a replay opens none', async () => {
      const deviceKey = newDevice()
      expect((await openWith(deviceKey, 'a', nonce(1))).replayed).toBe(false)
      for (const count of [1, 0]) expect((await openWith(deviceKey, 'b', nonce(count))).replayed).toBe(true)
      expect(await resume({ deviceKey, token: 'b' })).toEqual({ kind: 'unknown' })
      expect((await openWith(deviceKey, 'c', nonce(16))).replayed).toBe(false)
      expect((await openWith(deviceKey, 'd', nonce(9))).replayed).toBe(true)
      expect((await openWith(deviceKey, 'e', nonce(1, 'other'))).replayed).toBe(false)
    })

    test('that is replayed tells what the device’s record says all the same', async () => {
      const deviceKey = newDevice()
      await begin(deviceKey)
      await openWith(deviceKey, 'b', nonce(1))
      expect((await openWith(deviceKey, 'c', nonce(1))).record.lastVersion).toBe('1.0')
    })

    test('that carried a session on opens none with that count', async () => {
      const deviceKey = newDevice()
      await openWith(deviceKey, 'a', nonce(1))
      expect((await resumeWith({ deviceKey, token: 'a' }, nonce(2))).kind).toBe('resumed')
      expect((await openWith(deviceKey, 'b', nonce(2))).replayed).toBe(true)
    })

    test('that is replayed in a session changes nothing of it', async () => {
      const deviceKey = newDevice()
      await begin(deviceKey, 'running')
      await openWith(deviceKey, 'a', nonce(1))
      const key = { deviceKey, token: 'a' }
      expect(await resumeWith(key, nonce(1))).toEqual({ kind: 'replayed' })
      expect((await resume({ deviceKey, token: 'running' })).kind).toBe('resumed')
      expect(await resumeWith(key, nonce(2))).toMatchObject({ kind: 'resumed', ended: true })
    })

    test('is not used up by who names a session that is none', async () => {
      const deviceKey = newDevice()
      expect(await resumeWith({ deviceKey, token: 'guess' }, nonce(9))).toEqual({ kind: 'unknown' })
      expect((await openWith(deviceKey, 'a', nonce(1))).replayed).toBe(false)
    })

    test('without counts carries the session on that it opened, and opens no other', async () => {
      const deviceKey = newDevice()
      expect((await openWith(deviceKey, 'a', nonce(null))).replayed).toBe(false)
      const key = { deviceKey, token: 'a' }
      for (let post = 0; post < 3; post++) expect((await resumeWith(key, nonce(null))).kind).toBe('resumed')
      expect((await openWith(deviceKey, 'b', nonce(null))).replayed).toBe(true)
      expect((await resumeWith(key, nonce(null, 'second'))).kind).toBe('resumed')
      expect((await openWith(deviceKey, 'c', nonce(null, 'second'))).replayed).toBe(true)
    })

    test('of one device is not used up by another, and is forgotten once it is too old to be good', async () => {
      const [one, two] = [newDevice(), newDevice()]
      expect((await openWith(one, 'a', nonce(5, 'abc', 1_500))).replayed).toBe(false)
      expect((await openWith(two, 'a', nonce(1))).replayed).toBe(false)
      await under.passTime(2_000)
      expect((await openWith(one, 'b', nonce(1))).replayed).toBe(false)
    })

    test('used twice at once opens one session', async () => {
      const deviceKey = newDevice()
      const opened = await Promise.all(['a', 'b', 'c'].map((token) => openWith(deviceKey, token, nonce(1))))
      expect(opened.filter(({ replayed }) => !replayed)).toHaveLength(1)
    })
  })

  test('a nonce is the device’s that used it first, until it is too old to be good', async () => {
    const [one, two] = [newDevice(), newDevice()]
    const bind = async (deviceKey: string, id = `bound${one}`) =>
      (await store.bindNonces([{ nonce: { id, count: 1, keepMs: 1_500 }, deviceKey }]))[0]
    expect([await bind(one), await bind(two), await bind(one)]).toEqual(['own', 'another', 'own'])
    expect(await bind(two, `other${one}`)).toBe('own')
    await under.passTime(2_000)
    expect(await bind(two)).toBe('own')
  })

  describe('a tentative session', () => {
    const openFor = async (token: string, tentativeMs: number) => {
      const key = { deviceKey: newDevice(), token }
      await store.open([{ key, state: 's', ttlMs: 60_000, tentativeMs, version: null }])
      return key
    }

    test('is gone before its time where nobody proved it', async () => {
      const key = await openFor('a', 1_500)
      await under.passTime(2_000)
      expect(await resume(key)).toEqual({ kind: 'unknown' })
    })

    test('is kept as long as any once it is proven, or continued', async () => {
      const proven = await openFor('a', 1_500)
      const continued = await openFor('b', 1_500)
      await store.prove([proven])
      await resume(continued)
      await under.passTime(2_000)
      expect([(await resume(proven)).kind, (await resume(continued)).kind]).toEqual(['resumed', 'resumed'])
    })
  })

  test('a state beyond its bound is refused', async () => {
    const state = 'x'.repeat(bounds.stateBytes + 1)
    const opening = store.open([{ key: { deviceKey: newDevice(), token: 'a' }, state, ttlMs: 1_000, version: null }])
    await expect(opening).rejects.toMatchObject({ name: 'HotStoreError', code: 'too_large' })
  })

  test('answers come in the order of what was asked', async () => {
    const deviceKeys = Array.from({ length: 20 }, newDevice)
    const keys = deviceKeys.map((deviceKey, i) => ({ deviceKey, token: `t${i}` }))
    await store.open(keys.map((key) => ({ key, state: key.token, ttlMs: 60_000, version: null })))
    const posts = await store.resume(keys.map((key) => ({ key, endIfIdle: false })))
    expect(posts.map((post) => resumedOf(post).state)).toEqual(keys.map(({ token }) => token))
  })

  test('a session expires, and its device’s record does not', async () => {
    const deviceKey = newDevice()
    const key = { deviceKey, token: 'short' }
    await store.open([{ key, state: 's', ttlMs: 1_500, version: '3.0' }])
    await store.resume([{ key, endIfIdle: false }])
    await under.passTime(2_000)
    expect(await resume(key)).toEqual({ kind: 'unknown' })
    expect((await recordOf(deviceKey)).lastVersion).toBe('3.0')
  })

  test('what is placed again is kept as long again, and what is not is forgotten', async () => {
    const [deviceKey, other] = [newDevice(), newDevice()]
    const own = await create()
    const place = (to: string) => own.store.place([{ op: 'put_task', deviceKey: to, task: hint(1) }])
    const tasksOf = async (of: string) => {
      const key = { deviceKey: of, token: `probe${devices++}` }
      return (await own.store.open([{ key, state: 's', ttlMs: 60_000, version: null }]))[0]!.record.tasks
    }
    const most = (bounds.recordTtlMs * 2) / 3
    await place(deviceKey)
    await own.age(deviceKey, most)
    await place(deviceKey)
    await place(other)
    await own.age(deviceKey, most)
    expect(await tasksOf(deviceKey)).toHaveLength(1)
    await own.age(other, bounds.recordTtlMs)
    expect(await tasksOf(other)).toEqual([])
    await own.store.close()
  })

  test('it is restored once somebody says so, and no longer once it lost its memory', async () => {
    expect(await store.isRestored('placements')).toBe(false)
    expect(await store.markRestored('placements', 'a')).toBe(false)
    await store.tryRestoreLock('placements', 'a', 60_000)
    expect(await store.markRestored('placements', 'b')).toBe(false)
    expect(await store.isRestored('placements')).toBe(false)
    expect(await store.markRestored('placements', 'a')).toBe(true)
    expect(await store.isRestored('calls')).toBe(false)
    expect(await store.markRestored('calls', 'a')).toBe(false)
    expect(await store.isRestored('placements')).toBe(true)
    await under.forgetEverything()
    expect(await under.store.isRestored('placements')).toBe(false)
  })

  test('one owner holds the restore lock until it stays away, or the store forgets', async () => {
    expect(await under.store.tryRestoreLock('placements', 'a', 1_500)).toBe('taken')
    expect(await under.store.tryRestoreLock('placements', 'b', 1_500)).toBe('refused')
    expect(await under.store.tryRestoreLock('placements', 'a', 1_500)).toBe('kept')
    await under.passTime(2_000)
    expect(await under.store.tryRestoreLock('placements', 'b', 1_500)).toBe('taken')
    await under.forgetEverything()
    expect(await under.store.tryRestoreLock('placements', 'b', 1_500)).toBe('taken')
  })
}

function resumedOf(session: ResumedSession): Extract<ResumedSession, { kind: 'resumed' }> {
  if (session.kind !== 'resumed') throw new Error(`the session is ${session.kind}`)
  return session
}

const base32 = (n: number) => `${String.fromCharCode(97 + (n % 26))}${2 + (Math.floor(n / 26) % 6)}`
const attempt = (n: number) => 'fw' + String(n).padStart(26, '0')
const callOf = (n: number) => ({ kind: 'call' as const, taskId: 'tsk_' + String(n).padStart(26, '0'), revision: 1 })
const hint = (n: number, weight = 1) => ({
  kind: 'upgrade' as const,
  taskId: 'upg_' + String(n).padStart(26, '0'),
  campaignId: 'cmp_' + '0'.repeat(26),
  weight,
  notBefore: null,
  revision: 1,
})
const watch = (n: number, revision: number): Watch => ({
  attemptId: attempt(n),
  upgradeId: hint(n).taskId,
  campaignId: 'cmp_' + '0'.repeat(26),
  traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
  targetVersions: ['2.0'],
  mode: 'open',
  plantInformSeconds: null,
  until: '2026-12-01T00:00:00.000Z',
  revision,
})
