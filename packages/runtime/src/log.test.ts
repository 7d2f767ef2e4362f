import { expect, test } from 'vitest'
import { createLog } from './log.ts'
import { inSpan } from './spans.ts'
import { startTelemetry } from './telemetry.ts'

function capture() {
  const lines: string[] = []
  const log = createLog({ service: 'registry', destination: { write: (line) => void lines.push(line) } })
  return { log, lines, entries: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

test('a secret is not written, three levels deep', () => {
  const { log, lines } = capture()
  log.info({ password: 'p1', device: { ha1: 'p2', request: { authorization: 'p3', name: 'shown' } } }, 'x')
  expect(lines.join()).not.toMatch(/p[123]/)
  expect(lines.join()).toContain('shown')
})

test('control characters of a device never break out of their line', () => {
  const { log, lines, entries } = capture()
  log.info({ serial_number: 'a\n{"level":"fatal"}\u001b[2J\u0000' }, 'device.informed')
  expect(lines).toHaveLength(1)
  expect(Array.from(lines.join('').trimEnd()).every((character) => character >= ' ')).toBe(true)
  expect(entries()[0]?.['serial_number']).toBe('a\n{"level":"fatal"}\u001b[2J\u0000')
})

test('lines written inside a span carry its ids, also where no spans are sent anywhere', async () => {
  const telemetry = await startTelemetry({ service: 'test' })
  const { log, entries } = capture()
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  await inSpan({ tracer: 'registry', name: 'x', traceparent }, () => log.info('inside'))
  await inSpan({ tracer: 'registry', name: 'y' }, () => log.info('root'))
  log.info('outside')
  await telemetry.stop()
  const [inside, root, outside] = entries()
  expect(inside?.['trace_id']).toBe('0af7651916cd43dd8448eb211c80319c')
  expect(inside?.['span_id']).not.toBe('b7ad6b7169203331')
  expect(root?.['trace_id']).toMatch(/^[0-9a-f]{32}$/)
  expect(outside).not.toHaveProperty('trace_id')
})
