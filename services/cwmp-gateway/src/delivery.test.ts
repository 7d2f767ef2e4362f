import { HotStoreError, createMemoryHotStore, type HotStore } from '@sluice/hot-store'
import { systemClock } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { BusError } from '@sluice/bus'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { answerValues, createCpe, type Heard, type TestCpe } from './testing/cpe.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { natsTransport } from './testing/transports.ts'
import { attemptId, committing, go, hint, watchOf } from './testing/upgrade-parts.ts'

let stand: Stand
let cpe: TestCpe
let failing: Set<string>

beforeEach(async () => {
  failing = new Set()
  const hotStore = failingOnOrder(createMemoryHotStore({ clock: systemClock }))
  stand = await openStand({ transport: await natsTransport(inject('natsUrl')), hotStore })
  stand.onClaim = committing()
  cpe = createCpe({ serial: 'S1', port: () => stand.gateways[0]!.port })
})
afterEach(async () => {
  cpe.close()
  await stand.close()
})

const refuse = (name: string) => {
  stand.beforePublish = async (message) => {
    if (message === name) throw new BusError('unavailable', 'the test holds it back')
  }
}
const allow = () => {
  stand.beforePublish = async () => {}
}
const recordOf = async () => {
  const key = { deviceKey: cpe.deviceKey, token: 'probe' }
  return (await stand.hotStore.open([{ key, state: '', ttlMs: 1_000, version: null }]))[0]!.record
}
const watched = async () => {
  await stand.hotStore.place([{ op: 'put_watch', deviceKey: cpe.deviceKey, watch: watchOf() }])
}
const toDownload = async (): Promise<Heard> => {
  await stand.hotStore.place([hint(cpe.deviceKey)])
  await cpe.inform()
  const asked = await cpe.empty()
  return cpe.say(
    'GetParameterValuesResponse',
    answerValues(asked, () => 'x'),
  )
}
const expectUnavailable = (heard: Heard) => {
  expect([heard.status, heard.body, heard.headers['retry-after']]).toEqual([503, '', '30'])
}
const completed = `<CommandKey>${attemptId(1)}</CommandKey><StartTime/><CompleteTime/>`
const accepted = '<Status>1</Status><StartTime/><CompleteTime/>'

describe('what a CPE will not say again is acknowledged only when the bus has it', () => {
  test('an Inform that cannot be handed over is 503 without SOAP, and answered when it can', async () => {
    refuse('device.informed')
    expectUnavailable(await cpe.inform())
    allow()
    expect((await cpe.inform()).rpc).toBe('InformResponse')
    await waitUntil(() => stand.informed.length === 1)
  })

  test('an Inform is not answered while its event waits', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    stand.beforePublish = () => promise
    let answered = false
    const heard = cpe.inform().then((reply) => {
      answered = true
      return reply
    })
    await new Promise((wait) => setTimeout(wait, 100))
    expect(answered).toBe(false)
    resolve()
    expect((await heard).rpc).toBe('InformResponse')
  })

  test('an Inform of a watched device that cannot be reported is 503', async () => {
    await watched()
    refuse('attempt.observed')
    expectUnavailable(await cpe.inform())
    allow()
    expect((await cpe.inform()).rpc).toBe('InformResponse')
    await waitUntil(() => stand.facts('informed').length === 1)
  })

  test('a TransferComplete that cannot be handed over is 503 without SOAP, and answered when it can', async () => {
    await cpe.inform()
    refuse('attempt.observed')
    expectUnavailable(await cpe.say('TransferComplete', completed))
    allow()
    await cpe.inform()
    expect((await cpe.say('TransferComplete', completed)).rpc).toBe('TransferCompleteResponse')
    await waitUntil(() => stand.facts('transfer_completed').length === 1)
  })

  test('an answer to Download that cannot be handed over is 503, and the offer stays unanswered', async () => {
    expect((await toDownload()).rpc).toBe('Download')
    refuse('attempt.observed')
    expectUnavailable(await cpe.say('DownloadResponse', accepted))
    expect((await recordOf()).offer).toEqual({ attemptId: attemptId(1), answered: false })
    allow()
    expect((await cpe.say('DownloadResponse', accepted)).status).toBe(204)
    expect((await recordOf()).offer).toEqual({ attemptId: attemptId(1), answered: true })
  })
})

describe('Download is written only by who has saved that it was', () => {
  test('a save that fails is 503 without Download', async () => {
    await stand.hotStore.place([hint(cpe.deviceKey)])
    await cpe.inform()
    const asked = await cpe.empty()
    failing.add('save')
    expectUnavailable(
      await cpe.say(
        'GetParameterValuesResponse',
        answerValues(asked, () => 'x'),
      ),
    )
    failing.clear()
    await cpe.inform()
    const again = await cpe.empty()
    const heard = await cpe.say(
      'GetParameterValuesResponse',
      answerValues(again, () => 'x'),
    )
    expect(heard.rpc).toBe('GetAllQueuedTransfers')
  })

  test('when Download reaches the device, offer and watch are on its record and the hint is not', async () => {
    expect((await toDownload()).rpc).toBe('Download')
    expect(await recordOf()).toMatchObject({
      offer: { attemptId: attemptId(1), answered: false },
      watch: { attemptId: attemptId(1) },
      tasks: [],
    })
  })

  test('one answer that reaches two gateways at once yields one Download', async () => {
    stand.onClaim = () => go(1)
    await stand.hotStore.place([hint(cpe.deviceKey)])
    await cpe.inform()
    const asked = await cpe.empty()
    const twins = [1, 2].map(() => {
      const twin = createCpe({ serial: 'S1', port: () => stand.gateways[0]!.port })
      twin.cookie = cpe.cookie
      return twin
    })
    const heard = await Promise.all(
      twins.map((twin) =>
        twin.say(
          'GetParameterValuesResponse',
          answerValues(asked, () => 'x'),
        ),
      ),
    )
    twins.forEach((twin) => twin.close())
    expect(heard.filter(({ rpc }) => rpc === 'Download')).toHaveLength(1)
    expect(heard.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 400])
  })

  test('a claim nobody answers ends the session, and the hint stays', async () => {
    stand.onClaim = () => ({ ok: false, error: { code: 'unavailable', detail: '' } })
    expect((await toDownload()).status).toBe(204)
    expect((await recordOf()).tasks).toHaveLength(1)
  })
})

test('a session that a gateway of another version wrote begins anew', async () => {
  const key = { deviceKey: cpe.deviceKey, token: 'A'.repeat(22) }
  const state = JSON.stringify({ format: 999, session: {} })
  await stand.hotStore.open([{ key, state, ttlMs: 1_000, version: null }])
  cpe.cookie = `sluice=${key.deviceKey}.${key.token}`
  expect((await cpe.say('GetRPCMethods')).status).toBe(400)
  expect((await cpe.post('<broken')).status).toBe(400)
  expect((await cpe.inform()).rpc).toBe('InformResponse')
})

/** The real store, in which the named functions fail on order. */
function failingOnOrder(store: HotStore): HotStore {
  return new Proxy(store, {
    get(target, name: keyof HotStore) {
      if (failing.has(name)) return async () => Promise.reject(new HotStoreError('unavailable', 'on order'))
      return target[name]
    },
  })
}
