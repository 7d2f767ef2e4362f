import { describe, expect, it } from 'vitest'

import { CwmpError, encodeEnvelope, type AcsMessage, type TimeWindow } from './index.ts'

function codeOf(message: AcsMessage): string {
  try {
    encodeEnvelope({ id: '1', cwmpVersion: '1.2', message })
    return 'encoded'
  } catch (error) {
    return error instanceof CwmpError ? error.code : String(error)
  }
}

const file = { commandKey: 'k', fileType: '1 Firmware Upgrade Image', url: 'http://a/' }
const window: TimeWindow = { start: 0, end: 60, mode: '3 When Idle', userMessage: '', maxRetries: -1 }
const scheduled = (...windows: readonly TimeWindow[]) => codeOf({ kind: 'schedule_download', ...file, windows })

describe('what cannot be said in CWMP is refused before anything is sent', () => {
  it('texts longer than the schema allows', () => {
    for (const message of [
      { kind: 'get_parameter_names', path: 'x'.repeat(257), nextLevel: true },
      { kind: 'get_parameter_values', names: ['x'.repeat(257)] },
      { kind: 'get_parameter_attributes', names: ['x'.repeat(257)] },
      { kind: 'add_object', objectName: 'A.', parameterKey: 'x'.repeat(33) },
      { kind: 'delete_object', objectName: `${'x'.repeat(256)}.`, parameterKey: '' },
      { kind: 'upload', ...file, url: 'x'.repeat(257), delaySeconds: 0 },
      { kind: 'get_options', optionName: 'x'.repeat(65) },
      { kind: 'kicked_response', nextUrl: 'x'.repeat(1025) },
      { kind: 'get_rpc_methods_response', methods: ['x'.repeat(65)] },
      { kind: 'change_du_state', commandKey: '', operations: [{ kind: 'install', url: 'x'.repeat(1025) }] },
      {
        kind: 'set_parameter_attributes',
        parameters: [{ name: 'A.', notification: null, accessList: ['x'.repeat(65)] }],
      },
    ] as const) {
      expect(codeOf(message), message.kind).toBe('argument_too_long')
    }
  })

  it('empty lists where the schema wants an item', () => {
    for (const message of [
      { kind: 'get_parameter_values', names: [] },
      { kind: 'get_parameter_attributes', names: [] },
      { kind: 'set_parameter_attributes', parameters: [] },
      { kind: 'set_vouchers', vouchers: [] },
      { kind: 'change_du_state', commandKey: '', operations: [] },
      { kind: 'schedule_download', ...file, windows: [] },
      { kind: 'get_rpc_methods_response', methods: [] },
    ] as const) {
      expect(codeOf(message), message.kind).toBe('argument_count')
    }
  })

  it('object names that are no path of an object', () => {
    for (const objectName of ['', 'Device.X', 'Device.X.1', 'Device.\nX.']) {
      expect(codeOf({ kind: 'add_object', objectName, parameterKey: '' })).toBe('argument_not_object_name')
      expect(codeOf({ kind: 'delete_object', objectName, parameterKey: '' })).toBe('argument_not_object_name')
    }
  })

  it('notifications that do not exist', () => {
    for (const notification of [-1, 7, 1.5, Number.NaN]) {
      const parameters = [{ name: 'A.B', notification, accessList: null }]
      expect(codeOf({ kind: 'set_parameter_attributes', parameters })).toBe('argument_out_of_range')
    }
  })

  it('time windows that overlap, stand in the wrong order, end before they start, or are three', () => {
    expect(scheduled(window)).toBe('encoded')
    expect(scheduled(window, { ...window, start: 60, end: 90 })).toBe('encoded')
    expect(scheduled(window, { ...window, start: 59, end: 90 })).toBe('argument_out_of_range')
    expect(scheduled({ ...window, start: 60, end: 90 }, window)).toBe('argument_out_of_range')
    expect(scheduled({ ...window, start: 60 })).toBe('argument_out_of_range')
    expect(scheduled({ ...window, maxRetries: -2 })).toBe('argument_out_of_range')
    const later = (start: number) => ({ ...window, start, end: start + 1 })
    expect(scheduled(later(0), later(1), later(2))).toBe('argument_count')
  })

  it('vouchers that are not base64', () => {
    for (const voucher of ['a', 'ab=c', 'YWJj\nYWJj', '<x/>']) {
      expect(codeOf({ kind: 'set_vouchers', vouchers: [voucher] })).toBe('argument_not_base64')
    }
    expect(codeOf({ kind: 'set_vouchers', vouchers: ['', 'YWI=', 'YWJj'] })).toBe('encoded')
  })

  it('deployment units without a proper UUID', () => {
    for (const uuid of ['', 'x', '00112233-4455-6677-8899-aabbccddeeff0']) {
      const operations = [{ kind: 'uninstall', uuid }] as const
      expect(codeOf({ kind: 'change_du_state', commandKey: '', operations })).toBe('argument_not_uuid')
    }
  })
})
