import { expect, test } from 'vitest'
import { inSpan } from './spans.ts'
import { startTelemetry } from './telemetry.ts'

test('telemetry that was stopped is started anew by who comes next in the process', async () => {
  const names: string[] = []
  const first = await startTelemetry({ service: 'first', onSpan: ({ name }) => names.push(`first ${name}`) })
  await inSpan({ tracer: 'test', name: 'a' }, () => {})
  await first.stop()
  await inSpan({ tracer: 'test', name: 'nobody’s' }, () => {})
  const second = await startTelemetry({ service: 'second', onSpan: ({ name }) => names.push(`second ${name}`) })
  await inSpan({ tracer: 'test', name: 'b' }, () => {})
  await second.stop()
  expect(names).toEqual(['first a', 'second b'])
})
