import { expect, it } from 'vitest'
import { fateOf } from './device-fate.ts'
import type { DeviceLine } from './history.ts'

const line = (what: string, more: Partial<DeviceLine> = {}): DeviceLine => {
  return { deviceName: 'one', at: '2026-01-01T00:00:00.000Z', what, commandKey: 'fw1', ...more }
}
const failed = [line('download_received'), line('download_answered'), line('download_failed', { fault: 9015 })]
const fate = (lines: readonly DeviceLine[]) => fateOf(lines, new Set(['fw1']))

it('knows whether a device that failed has told us of it', () => {
  expect(fate(failed)).toEqual({ kind: 'download_failed', fault: 9015, told: false })
  expect(fate([...failed, line('transfer_complete_sent', { fault: 9015 })])).toMatchObject({ told: true })
})
it('knows nothing told of the try before once another Download came', () => {
  const again = [...failed, line('transfer_complete_sent', { fault: 9015 }), ...failed]
  expect(fate(again)).toMatchObject({ kind: 'download_failed', told: false })
})
