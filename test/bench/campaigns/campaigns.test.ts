import { type Policy, classOf, defaultPolicy } from '@sluice/rollout'
import { startProcess } from '@sluice/testbed'
import { expect, test } from 'vitest'
import { CLASSES } from './machine/compact-fleet.ts'
import { retellDevice, endOf, runCampaign } from './machine/virtual-campaign.ts'
import { createVirtualQueue } from './machine/virtual-queue.ts'
import { readNumbers } from './read-numbers.ts'
import { slopeOf } from './slope.ts'

test('upgrades at a rate are all settled, and nothing is left behind', { timeout: 180_000 }, async () => {
  const args = ['upgrades', '--rate', '20', '--seconds', '3', '--no-fsync']
  const bench = await startProcess({ entry: 'test/bench/main.ts', args })
  const code = await bench.ended
  expect([code, bench.output()]).toEqual([0, expect.stringContaining('| process ')])
  expect(bench.output()).toMatch(/\| left in outbox +\| +0 \|/)
})

test('of a storm every device is served, and recorded', { timeout: 180_000 }, async () => {
  const args = ['storm', '--devices', '200', '--seconds', '1']
  const bench = await startProcess({ entry: 'test/bench/main.ts', args })
  const code = await bench.ended
  expect([code, bench.output()]).toEqual([0, expect.stringContaining('| storm ')])
  expect(bench.output()).toMatch(/\| informs in the inventory, of as many devices +\| +200 \|/)
})

test('ten thousand devices on the machine end with counters that are the fold', { timeout: 180_000 }, async () => {
  const bench = await startProcess({ entry: 'test/bench/main.ts', args: ['machine', '--devices', '10000'] })
  const code = await bench.ended
  expect([code, bench.output()]).toEqual([0, expect.stringContaining('packages/rollout/src/step.ts')])
  expect(bench.output()).toMatch(/\| ended +\| +finished \|/)
})

test('a fleet that is hurt stops at its first wave', () => {
  const policy: Policy = {
    ...defaultPolicy,
    waves: [
      { size: { percent: 50 }, advance: 'auto' },
      { size: { percent: 100 }, advance: 'auto' },
    ],
    gate: { ...defaultPolicy.gate, limits: { hard: 0 } },
  }
  const campaign = runCampaign({ devices: 2_000, policy, seed: 3, pace: 30 })
  expect(campaign.state).toBe('paused')
  expect(campaign.waves.map(({ openedAt }) => openedAt !== null)).toEqual([true, false])
  for (let device = 0; device < 2_000; device += 97) {
    const { upgrade } = retellDevice(campaign.fleet, device, policy, 3, endOf(campaign))
    expect([device, classOf(upgrade)]).toEqual([device, CLASSES[campaign.fleet.countsAs[device]!]])
  }
})

test('the queue answers in the order of time', () => {
  const queue = createVirtualQueue()
  for (let index = 0; index < 1_000; index += 1) queue.push((index * 7_919) % 1_000, index)
  const times = Array.from({ length: 1_000 }, () => [queue.nextAt(), queue.pop()] as const)
  expect(times.map(([at]) => at)).toEqual(Array.from({ length: 1_000 }, (_, at) => at))
  expect(times.every(([at, device]) => (device * 7_919) % 1_000 === at)).toBe(true)
  expect(queue.nextAt()).toBe(Number.POSITIVE_INFINITY)
})

test('a slope is the exponent of the growth', () => {
  const points = [10, 100, 1_000].map((size) => [size, 3 * size ** 1.5] as const)
  expect(slopeOf(points)).toBeCloseTo(1.5)
  expect(slopeOf(points.map(([size]) => [size, 4]))).toBeCloseTo(0)
})

test('sizes that make no sense are refused in one sentence', () => {
  const sizes = { devices: { usual: 5, most: 10, what: 'of them' } }
  expect(() => readNumbers('x', sizes, ['--devices', '11'])).toThrow('--devices is a number above 0, at most 10')
  expect(readNumbers('x', sizes, ['--devices', '7', '--no-fsync'])).toMatchObject({
    sizes: { devices: 7 },
    fsync: false,
  })
  expect(() => readNumbers('x', sizes, ['--no-fsync'], [])).toThrow("Unknown option '--no-fsync'")
})

test('looking at an image is measured for each kind of signature, beside sha256sum', { timeout: 180_000 }, async () => {
  const args = ['verify', '--megabytes', '1', '--rounds', '1']
  const bench = await startProcess({ entry: 'test/bench/main.ts', args })
  const code = await bench.ended
  expect([code, bench.output()]).toEqual([0, expect.stringContaining('| sha256sum |')])
  for (const algorithm of ['ecdsa_p256_sha256', 'rsa_pkcs1_sha256', 'ed25519']) {
    expect(bench.output()).toMatch(new RegExp(`\\| ${algorithm} +\\|`))
  }
})
