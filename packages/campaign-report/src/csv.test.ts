import type { Upgrade } from '@sluice/contracts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { csvHeader, csvLine } from './csv.ts'

const upgrade: Upgrade = {
  upgradeId: 'upg_01KFAYV3W8Z7Q0M4R6T9XBCDEF',
  campaignId: 'cmp_01KFAYV3W8Z7Q0M4R6T9XBCDEF',
  artifactId: 'art_01KFAYV3W8Z7Q0M4R6T9XBCDEF',
  deviceKey: `dev_${'a'.repeat(26)}`,
  deviceName: '00D09E-RG-1',
  wave: 1,
  leg: 1,
  site: null,
  state: 'failed',
  countsAs: 'hard',
  reason: 'image_rejected',
  faultCode: 9018,
  waitsFor: null,
  attempts: 2,
  attemptId: null,
  fromVersion: '1.0',
  reportedVersion: '1.0',
  traceId: '0',
  updatedAt: '2026-01-01T00:00:00.000Z',
}

/** A reader of RFC 4180. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [[]]
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain ?? '')
    if (end === '\r\n') rows.push([])
  }
  return rows.slice(0, -1)
}

test('a line has a field for every column, in its order', () => {
  const [names, fields] = readCsv(csvHeader + csvLine(upgrade))
  expect(fields).toHaveLength(names!.length)
  const read = Object.fromEntries(names!.map((name, index) => [name, fields![index]]))
  expect(read).toMatchObject({ deviceName: '00D09E-RG-1', site: '', faultCode: '9018', reason: 'image_rejected' })
})

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '\r=1', '\uFF1D1', '|cmd', '%x', '\n=1'])(
  'a version called %j is no formula in a spreadsheet',
  (reportedVersion) => {
    const [fields] = readCsv(csvLine({ ...upgrade, reportedVersion }))
    expect(fields).toContain(`'${reportedVersion}`)
  },
)

test('whatever a device is called, it is one field, which reads as it was written and never begins like a formula', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (deviceName) => {
      const rows = readCsv(csvLine({ ...upgrade, deviceName }))
      expect(rows).toHaveLength(1)
      expect([deviceName, `'${deviceName}`]).toContain(rows[0]![2])
      expect(rows[0]![2]).not.toMatch(/^[\s\0]*[=+\-@]/)
    }),
  )
})
