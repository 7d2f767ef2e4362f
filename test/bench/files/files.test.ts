import { startProcess } from '@sluice/testbed'
import { expect, test } from 'vitest'
import { brokenPromises, type Crowd, type Row } from './files.ts'

test('one short run serves by every variant and prints what it cost', { timeout: 180_000 }, async () => {
  const sizes = ['--megabytes', '2', '--images', '2', '--gigabytes', '0.05', '--rounds', '1', '--crowd', '40']
  const bench = await startProcess({ entry: 'test/bench/main.ts', args: ['files', ...sizes] })
  await bench.ended
  // So little work is no measure of the promise: what it cost is printed, kept or not.
  for (const name of ['nginx', 'file server alone', 'file server and nginx (X-Accel)'])
    expect(bench.output()).toContain(`| ${name} `)
  expect(bench.output()).toContain('| 40 at once, of 2 images ')
})

test('a promise that does not hold is named, and fails the run', () => {
  const row = (name: string, ratio: number): Row => ({
    name,
    cpu: 1,
    nginx: 0,
    files: 0,
    nats: 0,
    megabytesPerSecond: 1,
    times: { median: ratio, least: ratio, most: ratio },
  })
  const rows = (alone: number, behind: number) => [
    row('nginx', 1),
    row('alone', alone),
    row('cold', 9),
    row('behind', behind),
  ]
  const crowd = (mostBytes: number, ofOneImage = true): Crowd => ({
    name: 'a crowd',
    beforeBytes: 0,
    mostBytes,
    ofOneImage,
  })
  expect(brokenPromises(rows(4, 1.2), [crowd(1e8), crowd(1.6e8), crowd(9e8, false)])).toEqual([])
  expect(brokenPromises(rows(4.1, 1.2), [])).toEqual([expect.stringContaining('alone takes 4.10 times')])
  expect(brokenPromises(rows(4, 1.3), [])).toEqual([expect.stringContaining('behind takes 1.30 times')])
  expect(brokenPromises(rows(1, 1), [crowd(1e8), crowd(2e8)])).toEqual([expect.stringContaining('200 MB for a crowd')])
})
