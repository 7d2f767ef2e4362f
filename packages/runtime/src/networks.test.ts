import { expect, test } from 'vitest'
import { parseNetworks } from './networks.ts'

test('addresses are found in the networks that are named, mapped ones too', () => {
  const lab = parseNetworks('127.0.0.0/8, 10.1.2.3,fd00::/8')
  for (const inside of ['127.0.0.1', '127.255.0.1', '10.1.2.3', 'fd12::1', '::ffff:127.0.0.1']) {
    expect(lab.contains(inside), inside).toBe(true)
  }
  for (const outside of ['128.0.0.1', '10.1.2.4', 'fe80::1', '::ffff:8.8.8.8', 'localhost', '']) {
    expect(lab.contains(outside), outside).toBe(false)
  }
})

test('no text is no network', () => {
  expect(parseNetworks('').contains('127.0.0.1')).toBe(false)
})

test('what is no network is refused by name', () => {
  for (const wrong of ['10.0.0.0/33', 'fd00::/129', '10.0.0/8', '10.0.0.0/', '10.0.0.0/8/8', 'lan', '10.0.0.0/-1']) {
    expect(() => parseNetworks(`127.0.0.0/8,${wrong}`), wrong).toThrow(wrong)
  }
})
