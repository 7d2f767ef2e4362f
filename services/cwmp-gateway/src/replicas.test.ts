import { answered } from '@sluice/contracts'
import { connectRedis } from '@sluice/hot-store'
import { systemClock } from '@sluice/runtime'
import { freshNamespace, waitUntil } from '@sluice/testbed'
import { BusError } from '@sluice/bus'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { answerValues, createCpe, type Heard, type TestCpe } from './testing/cpe.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { log, natsTransport } from './testing/transports.ts'
import { go, hint, upgradeId, watchOf } from './testing/upgrade-parts.ts'

let stand: Stand
beforeAll(async () => {
  const hotStore = await connectRedis({
    url: inject('redisUrl'),
    clock: systemClock,
    log,
    keyPrefix: `${freshNamespace()}:`,
  })
  stand = await openStand({ gateways: 2, transport: await natsTransport(inject('natsUrl')), hotStore })
})
afterAll(() => stand.close())

/** A client of the device: it remembers a cookie and what it was asked last. */
interface Client {
  readonly cpe: TestCpe
  asked: Heard | null
}
type Move = 'inform' | 'empty' | 'answer' | 'fault' | 'complete' | 'repeat'
const move = fc.constantFrom<Move>(
  'inform',
  'inform',
  'empty',
  'empty',
  'answer',
  'answer',
  'answer',
  'fault',
  'complete',
  'repeat',
)
const script = fc.array(
  fc.record({
    client: fc.nat({ max: 2 }),
    gateway: fc.nat({ max: 1 }),
    move,
    /** Whether the next move starts before this one's answer. */
    meanwhile: fc.boolean(),
    busFails: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  }),
  { minLength: 5, maxLength: 40 },
)

const transferComplete = '<CommandKey>other</CommandKey><StartTime/><CompleteTime/>'
let runs = 0

test('however POSTs of a device interleave over two gateways, no attempt sees two Downloads, and nothing is acknowledged unsaid', async () => {
  await fc.assert(
    fc.asyncProperty(script, fc.boolean(), async (moves, saysGoAgain) => {
      const run = ++runs
      const serial = `R${run}`
      let gateway = 0
      let busFails = false
      const clients: Client[] = [0, 1, 2].map(() => ({
        cpe: createCpe({ serial, port: () => stand.gateways[gateway]!.port }),
        asked: null,
      }))
      const { deviceKey } = clients[0]!.cpe
      // A scheduler that says `go` twice, or a reply the bus delivered twice: the gateways alone must hold it to one.
      let committed = 0
      stand.onClaim = (input) => {
        if (input.upgradeId !== upgradeId(run)) return answered({ kind: 'gone', reason: 'another run' })
        if (committed > 0 && !saysGoAgain) return answered({ kind: 'open', watch: watchOf(run), check: true })
        committed += 1
        return go(run)
      }
      stand.beforePublish = async () => {
        if (busFails) throw new BusError('unavailable', 'the test says so')
      }
      await stand.hotStore.place([hint(deviceKey, run)])

      const downloads: Heard[] = []
      let acknowledged = 0
      let completed = 0
      const say = async (client: Client, what: Move): Promise<void> => {
        const { cpe, asked } = client
        const heard = await post(cpe, asked, what)
        if (heard.rpc === 'Download') downloads.push(heard)
        if (heard.rpc === 'InformResponse') acknowledged += 1
        if (heard.rpc === 'TransferCompleteResponse') completed += 1
        expect([200, 204, 400, 503]).toContain(heard.status)
        if (what !== 'complete') client.asked = heard
      }
      const underWay: Promise<void>[] = []
      const before = { informed: stand.informed.length, completed: stand.facts('transfer_completed').length }
      for (const each of moves) {
        gateway = each.gateway
        busFails = each.busFails
        const said = say(clients[each.client]!, each.move)
        if (each.meanwhile) underWay.push(said)
        else await said
      }
      await Promise.all(underWay)
      busFails = false
      clients.forEach(({ cpe }) => cpe.close())
      const delivered = () => ({
        informed: stand.informed.length - before.informed,
        completed: stand.facts('transfer_completed').length - before.completed,
      })
      await waitUntil(() => delivered().informed >= acknowledged && delivered().completed >= completed)
      expect(downloads.length).toBeLessThanOrEqual(1)
    }),
    { numRuns: 60 },
  )
}, 120_000)

function post(cpe: TestCpe, asked: Heard | null, what: Move): Promise<Heard> {
  switch (what) {
    case 'inform':
      return cpe.inform()
    case 'empty':
      return cpe.empty()
    case 'complete':
      return cpe.say('TransferComplete', transferComplete)
    case 'fault':
      return cpe.say('SetParameterValuesResponse', '<Status>0</Status>')
    case 'repeat':
      return cpe.say('GetRPCMethods')
    case 'answer':
      switch (asked?.rpc) {
        case 'GetParameterValues':
          return cpe.say(
            'GetParameterValuesResponse',
            answerValues(asked, () => 'x'),
          )
        case 'Download':
          return cpe.say('DownloadResponse', '<Status>1</Status><StartTime/><CompleteTime/>')
        case 'GetAllQueuedTransfers':
          return cpe.say('GetAllQueuedTransfersResponse', '<TransferList/>')
        case undefined:
        default:
          return cpe.empty()
      }
  }
}
