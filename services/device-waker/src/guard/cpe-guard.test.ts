import { parseNetworks, systemClock } from '@sluice/runtime'
import { describe, expect, it, test } from 'vitest'
import { createCpeGuard } from './cpe-guard.ts'
import { parsePorts } from './ports.ts'
import { resolveTarget } from './resolve-target.ts'

function guardWith({ cpe = '', lab = '', own = '', ownAddresses = ['93.184.216.34'], ports = '80,1024-65535' } = {}) {
  return createCpeGuard({
    cpeNetworks: parseNetworks(cpe),
    cpeNetworksAreNamed: cpe !== '',
    labNetworks: parseNetworks(lab),
    ownNetworks: parseNetworks(own),
    ownAddresses: new Set(ownAddresses),
    ports: parsePorts(ports),
  })
}

const NEVER = [
  '127.0.0.1',
  '127.255.255.254',
  '0.0.0.0',
  '169.254.169.254',
  '224.0.0.251',
  '239.255.255.250',
  '255.255.255.255',
  '240.0.0.1',
  '::1',
  '::',
  '::7f00:1',
  '::ffff:127.0.0.1',
  '::FFFF:7F00:1',
  '0:0:0:0:0:ffff:7f00:0001',
  '64:ff9b::7f00:1',
  '2002:7f00:1::1',
  'fe80::1',
  'fe80::1%eth0',
  'ff02::1',
  'localhost',
  '',
  '127.1',
]
const PRIVATE = [
  '10.0.0.1',
  '172.16.0.1',
  '192.168.1.1',
  '100.64.0.1',
  '::ffff:10.0.0.1',
  'fd00::1',
  '192.0.2.1',
  '2001:db8::1',
]
const GLOBAL = ['8.8.8.8', '2606:4700::1111', '::ffff:8.8.8.8']

describe('bad input 42: where a device says it is', () => {
  it.each([...NEVER, ...PRIVATE])('%s is refused where nothing is named', (address) => {
    expect(guardWith().allowsAddress(address)).toBe(false)
  })

  it.each(GLOBAL)('%s is let pass where nothing is named', (address) => {
    expect(guardWith().allowsAddress(address)).toBe(true)
  })

  it.each(NEVER)('%s is refused even inside named networks of CPE', (address) => {
    expect(guardWith({ cpe: '0.0.0.0/0,::/0' }).allowsAddress(address)).toBe(false)
  })

  it.each(PRIVATE)('%s is let pass where networks of CPE hold it', (address) => {
    expect(guardWith({ cpe: '0.0.0.0/0,::/0' }).allowsAddress(address)).toBe(true)
  })

  test('only the networks of CPE are let pass once they are named', () => {
    const guard = guardWith({ cpe: '10.0.0.0/8' })
    expect(guard.allowsAddress('10.1.2.3')).toBe(true)
    expect(guard.allowsAddress('::ffff:10.1.2.3')).toBe(true)
    expect(guard.allowsAddress('8.8.8.8')).toBe(false)
  })

  test('our own networks and our own interfaces are refused inside the networks of CPE', () => {
    const guard = guardWith({ cpe: '10.0.0.0/8', own: '10.42.0.0/16', ownAddresses: ['10.1.1.1'] })
    expect(guard.allowsAddress('10.42.0.9')).toBe(false)
    expect(guard.allowsAddress('::ffff:10.42.0.9')).toBe(false)
    expect(guard.allowsAddress('10.1.1.1')).toBe(false)
    expect(guard.allowsAddress('10.1.1.2')).toBe(true)
    expect(guardWith().allowsAddress('93.184.216.34')).toBe(false)
  })

  test('a lab may name loopback', () => {
    expect(guardWith({ lab: '127.0.0.0/8' }).allowsAddress('127.0.0.1')).toBe(true)
    expect(guardWith({ lab: '127.0.0.0/8' }).allowsAddress('::ffff:127.0.0.1')).toBe(true)
    expect(guardWith({ lab: '127.0.0.0/8' }).allowsAddress('169.254.169.254')).toBe(false)
  })

  test.each([
    [0, false],
    [22, false],
    [25, false],
    [80, true],
    [1023, false],
    [7547, true],
    [65_535, true],
    [65_536, false],
    [Number.NaN, false],
  ])('port %d is let pass: %s', (port, allowed) => expect(guardWith().allowsPort(port)).toBe(allowed))

  test.each(['0', '70000', '1-0', '5-', 'x', '80,,81'])('%j names no ports', (text) => {
    expect(() => parsePorts(text)).toThrow('is no port')
  })
})

describe('bad input 42: what a name leads to', () => {
  const parts = (addresses: readonly string[]) => ({
    guard: guardWith(),
    clock: systemClock,
    resolve: async () => addresses,
  })

  test('the address that was checked is the one that is connected to', async () => {
    const answers = [['8.8.8.8'], ['127.0.0.1']]
    const resolve = async () => answers.shift() ?? []
    const resolved = await resolveTarget('rebinding.example', 7547, { guard: guardWith(), clock: systemClock, resolve })
    expect(resolved).toEqual({ kind: 'target', target: { address: '8.8.8.8', family: 4, port: 7547 } })
    expect(answers).toHaveLength(1)
  })

  test('a name is refused when one of its addresses is', async () => {
    const resolved = await resolveTarget('mixed.example', 80, parts(['8.8.8.8', '10.0.0.1']))
    expect(resolved.kind).toBe('refused_address')
  })

  test('a name without an address is unreachable', async () => {
    expect((await resolveTarget('none.example', 80, parts([]))).kind).toBe('unreachable')
  })

  test('a resolver that fails makes it unreachable', async () => {
    const resolve = () => Promise.reject(new Error('SERVFAIL'))
    expect((await resolveTarget('x.example', 80, { ...parts([]), resolve })).kind).toBe('unreachable')
  })

  test.each(['127.1', '2130706433', '0x7f.1', 'localhost', '017700000001'])(
    '%s is refused by the system’s own reading',
    async (host) => {
      const { systemResolve } = await import('./resolve-target.ts')
      const resolved = await resolveTarget(host, 7547, {
        guard: guardWith(),
        clock: systemClock,
        resolve: systemResolve,
      })
      expect(resolved.kind).not.toBe('target')
    },
  )
})
