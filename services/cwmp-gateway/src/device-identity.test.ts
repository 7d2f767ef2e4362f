import { deviceNameOf } from '@sluice/contracts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { identityNamed, identityOf } from './device-identity.ts'

test('whatever a device is called, its name in the form of TR-069 3.4.4 names it again', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 64 }).filter((each) => each.isWellFormed())
  const oui = fc.string({ unit: fc.constantFrom('0', '9', 'A', 'D', 'F'), minLength: 6, maxLength: 6 })
  const identity = fc.record({ oui, productClass: fc.oneof(fc.constant(''), text), serialNumber: text })
  fc.assert(
    fc.property(identity, (each) => {
      expect(identityNamed(deviceNameOf(each))).toEqual(identityOf(each))
    }),
  )
})

test.each([
  ['no form at all', 'subscriber'],
  ['nothing', ''],
  ['an OUI alone', '00D09E'],
  ['an OUI that is none', 'PPPPPP-S1'],
  ['no serial number', '00D09E-HomeBox-'],
  ['an empty product class', '00D09E--S1'],
  ['a dash that is not escaped', '00D09E-Home-Box-S1'],
  ['another character set', '00D09E-Bo%EEte-S1'],
])('a user name with %s names no device', (_, username) => {
  expect(identityNamed(username)).toEqual({ kind: 'unusable' })
})
