import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Field, openField } from './field.ts'
import { rawPost } from './raw-line.ts'

let field: Field
beforeAll(async () => {
  field = await openField()
})
afterAll(() => field.close())

test('session 18: beyond what it can answer at once a gateway says 503 and when to come again, and then serves', async () => {
  const { port } = await field.stand.open({ maxPosts: 1 })
  const { promise, resolve } = Promise.withResolvers<void>()
  field.stand.beforePublish = () => promise
  const heard = [await field.line(port), await field.line(port)].map((line) => line.ask(rawPost(field.cpe().written())))
  // One of them is under way until what it learned may be published.
  const refused = await Promise.race(heard)
  expect([refused.status, refused.body, refused.headers.get('retry-after')]).toEqual([503, '', '30'])
  field.stand.beforePublish = async () => {}
  resolve()
  expect((await Promise.all(heard)).filter(({ status }) => status === 200)).toHaveLength(1)
  expect((await (await field.line(port)).ask(rawPost(field.cpe().written()))).status).toBe(200)
})

test('bad input 38: in a reboot storm every Inform is answered, few are under way, and the others hear when to come again', async () => {
  const maxPosts = 8
  const { port } = await field.stand.open({ maxPosts })
  let underWay = 0
  let most = 0
  field.stand.beforePublish = async () => {
    most = Math.max(most, ++underWay)
    await new Promise((resolve) => void setTimeout(resolve, 5))
    underWay -= 1
  }
  const before = process.memoryUsage().heapUsed
  const heard: string[] = []
  // 1,000 Informs over 50 devices at once: none waits in a queue, and nothing is read of those refused.
  const body = rawPost(field.cpe().written())
  await Promise.all(
    Array.from({ length: 50 }, async () => {
      for (let n = 0; n < 20; n++) {
        const line = await field.line(port)
        const { status, headers, body: answer } = await line.ask(body)
        heard.push(status === 503 ? `503 ${headers.get('retry-after')} ${answer.length}` : String(status))
        line.drop()
      }
    }),
  )
  field.stand.beforePublish = async () => {}
  expect(heard).toHaveLength(1_000)
  expect(new Set(heard)).toEqual(new Set(['200', '503 30 0']))
  expect(most).toBeLessThanOrEqual(maxPosts)
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(200 * 1024 ** 2)
  expect((await (await field.line(port)).ask(rawPost(field.cpe().written()))).status).toBe(200)
}, 120_000)

test('session 19: a body beyond the limit is 413, ends its session, and the gateway serves on', async () => {
  const cpe = field.cpe()
  await cpe.contact()
  const line = await field.line()
  expect((await line.ask(rawPost('x'.repeat(140_000)))).status).toBe(413)
  expect((await cpe.say('GetRPCMethods')).rpc).toBe('GetRPCMethodsResponse')
  const heard = await (await field.line()).ask(rawPost('x'.repeat(4_200_000), `Cookie: ${cpe.cookie}`))
  expect([heard.status, heard.body]).toEqual([413, ''])
  expect((await cpe.say('GetRPCMethods')).status).toBe(400)
  expect((await cpe.contact()).rpc).toBe('InformResponse')
})

test('session 19: an Inform beyond the limit of strangers is 413, whatever session its cookie names', async () => {
  const cpe = field.cpe()
  await cpe.contact()
  const informs = (await cpe.informs(1)).length
  const inform = cpe.written().replace('</soap-env:Body>', `<!--${'x'.repeat(140_000)}--></soap-env:Body>`)
  expect(inform.length).toBeGreaterThan(140_000)
  expect((await cpe.post(inform)).status).toBe(413)
  expect((await cpe.say('GetRPCMethods')).rpc).toBe('GetRPCMethodsResponse')
  expect(await cpe.informs(1)).toHaveLength(informs)
})

test('session 20: compressed bodies are read up to the limit of what they inflate to', async () => {
  const cpe = field.cpe()
  expect((await cpe.post(gzipSync(cpe.written()), { 'content-encoding': 'gzip' })).rpc).toBe('InformResponse')
  const bomb = gzipSync(Buffer.alloc(50_000_000, 32))
  expect(bomb.length).toBeLessThan(131_072)
  const line = await field.line()
  expect((await line.ask(rawPost(bomb, 'Content-Encoding: gzip'))).status).toBe(413)
})

test('session 21: whatever charset a CPE writes in, it is answered in UTF-8', async () => {
  const cpe = field.cpe()
  for (const [charset, coding] of [
    ['utf-8', 'utf8'],
    ['iso-8859-1', 'latin1'],
    ['utf-16le', 'utf16le'],
  ] as const) {
    const body = Buffer.from(cpe.written({ manufacturer: 'é', header: '<cwmp:ID>é</cwmp:ID>' }), coding)
    const heard = await cpe.post(body, { 'content-type': `text/xml; charset=${charset}` })
    expect([heard.status, heard.id, heard.headers['content-type']]).toEqual([200, 'é', 'text/xml; charset=utf-8'])
  }
  expect((await cpe.informs(3)).map(({ manufacturer }) => manufacturer)).toEqual(['é', 'é', 'é'])
})
