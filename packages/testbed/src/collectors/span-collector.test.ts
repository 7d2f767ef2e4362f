import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { createSpanCollector } from './span-collector.ts'

const traces = {
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'gateway' } }] },
      scopeSpans: [
        {
          spans: [
            {
              traceId: 'aa',
              spanId: 'bb',
              parentSpanId: '',
              name: 'POST /',
              kind: 2,
              status: { code: 2 },
              links: [{ traceId: 'cc', spanId: 'dd' }],
              attributes: [
                { key: 'n', value: { intValue: '7' } },
                { key: 'list', value: { arrayValue: { values: [{ stringValue: 'x' }] } } },
              ],
            },
          ],
        },
      ],
    },
  ],
}

test('keeps the spans that were posted, plain or compressed', async () => {
  const collector = await createSpanCollector()
  const headers = { 'content-type': 'application/json' }
  const url = `${collector.url}/v1/traces`
  expect((await fetch(url, { method: 'POST', headers, body: JSON.stringify(traces) })).status).toBe(200)
  const body = gzipSync(JSON.stringify(traces))
  expect((await fetch(url, { method: 'POST', headers: { ...headers, 'content-encoding': 'gzip' }, body })).status).toBe(
    200,
  )
  expect((await fetch(url, { method: 'POST', headers, body: '{' })).status).toBe(400)
  expect(collector.spans().length).toBe(2)
  expect(collector.spans()[0]).toEqual({
    traceId: 'aa',
    spanId: 'bb',
    parentSpanId: undefined,
    name: 'POST /',
    kind: 2,
    service: 'gateway',
    status: 2,
    attributes: { n: 7, list: ['x'] },
    links: [{ traceId: 'cc', spanId: 'dd' }],
  })
  collector.clear()
  expect(collector.spans()).toEqual([])
  await collector.close()
})
