import { afterAll, beforeEach, expect, test } from 'vitest'
import { currentTraceparent, inSpan, isTraceparent } from './spans.ts'
import { type EndedSpan, startTelemetry } from './telemetry.ts'

const spans: EndedSpan[] = []
const telemetry = await startTelemetry({ service: 'test', onSpan: (span) => spans.push(span) })
afterAll(() => telemetry.stop())
beforeEach(() => void spans.splice(0))

const remote = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

test('a span continues the trace it was given, and hands its own on', async () => {
  let inside: string | undefined
  await inSpan({ tracer: 'a', name: 'outer', kind: 'consumer', traceparent: remote }, async () => {
    await Promise.resolve()
    await inSpan({ tracer: 'b', name: 'inner' }, () => (inside = currentTraceparent()))
  })
  const [inner, outer] = spans
  expect(outer?.parentSpanContext?.spanId).toBe('b7ad6b7169203331')
  expect(outer?.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c')
  expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId)
  expect(inside).toBe(`00-${inner?.spanContext().traceId}-${inner?.spanContext().spanId}-01`)
  expect(currentTraceparent()).toBeUndefined()
})

test('links name the traces that caused a span without being its parent', async () => {
  await inSpan({ tracer: 'a', name: 'batch', links: [remote, undefined, 'nonsense'] }, () => {})
  expect(spans[0]?.links.map(({ context }) => context.spanId)).toEqual(['b7ad6b7169203331'])
  expect(spans[0]?.parentSpanContext).toBeUndefined()
})

test('a throw marks the span with its code and goes on', async () => {
  const failing = inSpan({ tracer: 'a', name: 'x' }, () => {
    throw Object.assign(new Error('no'), { code: 'unavailable' })
  })
  await expect(failing).rejects.toThrow('no')
  expect(spans[0]?.status).toEqual({ code: 2, message: 'no' })
  expect(spans[0]?.attributes['error.type']).toBe('unavailable')
})

test('a malformed traceparent starts a new trace instead of being believed', async () => {
  const wrong = [
    '',
    'x',
    remote.toUpperCase(),
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `01${remote.slice(2)}`,
    `${remote}x`,
  ]
  for (const traceparent of wrong) {
    expect(isTraceparent(traceparent), traceparent).toBe(false)
    await inSpan({ tracer: 'a', name: 'x', traceparent }, () => {})
  }
  expect(spans.every(({ parentSpanContext }) => parentSpanContext === undefined)).toBe(true)
})
