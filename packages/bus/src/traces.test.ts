import { artifactRevoked, deviceCredential } from '@sluice/contracts'
import { type EndedSpan, createLog, inSpan, startTelemetry, systemClock } from '@sluice/runtime'
import { openEmbedded } from '@sluice/sql'
import { inMemory, waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { revocation } from './bus.suite.ts'
import { type EmbeddedBus, createEmbeddedBus } from './embedded-bus.ts'

const spans: EndedSpan[] = []
const telemetry = await startTelemetry({ service: 'test', onSpan: (span) => spans.push(span) })
let hub: EmbeddedBus
beforeAll(async () => {
  const sql = await openEmbedded(inMemory())
  const log = createLog({ service: 'test', level: 'silent' })
  hub = await createEmbeddedBus({ sql, clock: systemClock, log })
  return async () => {
    await hub.close()
    await sql.close()
  }
})
afterAll(() => telemetry.stop())
beforeEach(() => void spans.splice(0))
const named = (name: string) => spans.filter((span) => span.name === name)

test('one event continues the trace it was published in; a batch links to the traces of its events', async () => {
  const publisher = hub.as('artifact-resolver')
  const consumer = hub.as('campaign-scheduler')
  const stop = await consumer.consume(artifactRevoked, async () => {})
  await inSpan({ tracer: 'test', name: 'cause' }, () => publisher.publish(artifactRevoked, [revocation('x')]))
  await waitUntil(() => named('process artifact.revoked').length === 1)
  const [sent] = named('publish artifact.revoked')
  const [processed] = named('process artifact.revoked')
  expect(processed?.spanContext().traceId).toBe(named('cause')[0]?.spanContext().traceId)
  expect(processed?.parentSpanContext?.spanId).toBe(sent?.spanContext().spanId)
  await stop()

  spans.splice(0)
  const own = (digit: string) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`
  await publisher.publish(artifactRevoked, [
    { ...revocation('x'), traceparent: own('a') },
    { ...revocation('y'), traceparent: own('b') },
  ])
  await consumer.consume(artifactRevoked, async () => {})
  await waitUntil(() => named('process artifact.revoked').length === 1)
  const [batch] = named('process artifact.revoked')
  expect(batch?.parentSpanContext).toBeUndefined()
  expect(batch?.links.map(({ context }) => context.traceId)).toEqual(['a'.repeat(32), 'b'.repeat(32)])
})

test('a request and its answer are one trace', async () => {
  await hub.as('device-registry').serve(deviceCredential, async (batch) => {
    expect(batch[0]?.traceparent).toBeDefined()
    return batch.map(() => ({ ok: true, data: { kind: 'unknown' } }))
  })
  await hub.as('cwmp-gateway').request(deviceCredential, { deviceKey: `dev_${'a'.repeat(26)}`, realm: 'x' })
  const [asked] = named('request device.credential')
  const [answered] = named('answer device.credential')
  expect(answered?.parentSpanContext?.spanId).toBe(asked?.spanContext().spanId)
})
