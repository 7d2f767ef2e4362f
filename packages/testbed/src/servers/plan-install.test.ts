import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { findProgram } from './find-program.ts'
import { planInstall } from './plan-install.ts'

test('nothing is planned when nothing is missing', () => {
  expect(planInstall([], { hasAptGet: true, becomesRoot: 'is_root' })).toEqual({ kind: 'nothing_missing' })
})

test.each([
  ['apt-get', { hasAptGet: false, becomesRoot: 'is_root' }],
  ['the rights', { hasAptGet: true, becomesRoot: 'no' }],
] as const)('without %s one sentence says what to install', (_, machine) => {
  expect(planInstall(['nats-server', 'postgres'], machine)).toEqual({
    kind: 'impossible',
    sentence:
      'The tests run against real servers and nats-server, postgres cannot be found; install the packages nats-server postgresql ' +
      '(on Debian and Ubuntu: sudo apt-get install nats-server postgresql) and run again.',
  })
})

test('the plan announces the packages, asks for sudo only when needed, and is a valid script that keeps services off', () => {
  const plan = planInstall(['redis-server'], { hasAptGet: true, becomesRoot: 'sudo' })
  if (plan.kind !== 'install') throw new Error(plan.kind)
  expect(plan.announcement).toContain('redis-server')
  expect(plan.withSudo).toBe(true)
  expect(plan.script.indexOf('exit 101')).toBeLessThan(plan.script.indexOf('apt-get install'))
  expect(spawnSync('sh', ['-n', '-c', plan.script]).status).toBe(0)
})

test('a program is found on the path first, then in the usual places, or not at all', () => {
  expect(findProgram('sh', '/nowhere:/bin')).toBe('/bin/sh')
  expect(findProgram('no-such-server')).toBeUndefined()
  expect(findProgram('initdb', '')).toMatch(/initdb$/)
})
