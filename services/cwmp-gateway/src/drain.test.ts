import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { attemptObserved } from '@sluice/contracts'
import { type Clock, systemClock } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { answerValues, createCpe, type Heard, type TestCpe } from './testing/cpe.ts'
import { beginPost, untilRefused } from './testing/slow-post.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { natsTransport } from './testing/transports.ts'
import { committing, hint } from './testing/upgrade-parts.ts'

let stand: Stand
let cpe: TestCpe
let quick: TestCpe
let slow: TestCpe
let delay: PromiseWithResolvers<void>
let asked: number[]
/** Which of them devices speak with. */
let gateway: number
beforeEach(async () => {
  delay = Promise.withResolvers()
  asked = []
  const sleep = (ms: number) => {
    asked.push(ms)
    return delay.promise
  }
  const clock: Clock = { ...systemClock, sleep }
  ;[cpe, quick, slow] = ['S1', 'S2', 'S3'].map((serial) =>
    createCpe({ serial, port: () => stand.gateways[gateway]!.port }),
  ) as [TestCpe, TestCpe, TestCpe]
  gateway = 0
  stand = await openStand({
    transport: await natsTransport(inject('natsUrl')),
    settings: { drainDelayMs: 3_000 },
    clock,
    placements: [hint(quick.deviceKey, 1), hint(slow.deviceKey, 2)],
  })
})
afterEach(async () => {
  for (const one of [cpe, quick, slow]) one.close()
  delay.resolve()
  await stand.close()
})

test('a gateway that is told to stop is not ready at once, and serves on until the balancers have heard it', async () => {
  const [leaving] = stand.gateways
  const stopped = leaving!.stop()
  expect(leaving!.isReady()).toBe(false)
  const opened = await cpe.inform()
  expect([opened.rpc, opened.headers.connection]).toEqual(['InformResponse', 'close'])
  expect((await cpe.empty()).status).toBe(204)
  expect(asked).toEqual([3_000])
  delay.resolve()
  await stopped
  await expect(cpe.inform()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('fault 55: a session that is open when the stop begins goes on, here to its end or at another gateway, and what was asked before the end is answered', async () => {
  await stand.open()
  stand.onClaim = committing()
  const [ofQuick, ofSlow] = [await questionOf(quick), await questionOf(slow)]
  const [leaving] = stand.gateways
  let isOver = false
  const stopped = leaving!.stop().then(() => (isOver = true))
  await toDownload(quick, ofQuick)
  const published = Promise.withResolvers<void>()
  const reached = Promise.withResolvers<void>()
  stand.beforePublish = async (name) => {
    if (name !== attemptObserved.name) return
    reached.resolve()
    await published.promise
  }
  const answer = answerDownload(quick)
  await reached.promise
  const sentence = await beginPost(leaving!.port, 100)
  delay.resolve()
  await untilRefused(leaving!.port)
  // Not begun with when the time was over: it is to come again.
  sentence.end('x'.repeat(100))
  const [heard] = (await once(sentence, 'response')) as [IncomingMessage]
  expect([heard.statusCode, heard.headers['retry-after'], isOver]).toEqual([503, '30', false])
  published.resolve()
  expect((await answer).status).toBe(204)
  await stopped

  gateway = 1
  await toDownload(slow, ofSlow)
  expect((await answerDownload(slow)).status).toBe(204)
  await waitUntil(() => stand.facts('download_answered').length === 2)
  expect(stand.claims).toHaveLength(2)
})

/** What it is asked before its Download. */
async function questionOf(device: TestCpe): Promise<Heard> {
  await device.inform()
  const question = await device.empty()
  expect(question.rpc).toBe('GetParameterValues')
  return question
}

async function toDownload(device: TestCpe, question: Heard): Promise<void> {
  const values = answerValues(question, () => 'x')
  expect((await device.say('GetParameterValuesResponse', values)).rpc).toBe('Download')
}

function answerDownload(device: TestCpe): Promise<Heard> {
  return device.say('DownloadResponse', '<Status>1</Status><StartTime/><CompleteTime/>')
}
