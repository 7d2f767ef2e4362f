import { expect, test } from 'vitest'
import { findOrInstall, type MachineParts } from './ensure-servers.ts'

function machine(parts: Partial<MachineParts> & { readonly present?: readonly string[] }) {
  const present = new Set(parts.present)
  const said: string[] = []
  const ran: string[][] = []
  const all: MachineParts = {
    find: (program) => (present.has(program) ? `/bin/${program}` : undefined),
    inspect: () => ({ hasAptGet: true, becomesRoot: 'sudo' }),
    run: (program, args) => {
      ran.push([program, ...args])
      for (const name of ['nats-server', 'redis-server', 'postgres', 'initdb', 'nginx']) present.add(name)
      return true
    },
    say: (line) => void said.push(line),
    ...parts,
  }
  return { ...all, said, ran }
}

test('a machine without servers and without a way to install them gets one sentence', () => {
  const bare = machine({ inspect: () => ({ hasAptGet: false, becomesRoot: 'is_root' }) })
  expect(() => findOrInstall(bare)).toThrow(
    /^The tests run against real servers and nats-server, redis-server, postgres, nginx cannot be found; install the packages /,
  )
  expect(bare.ran).toEqual([])
})

test('what is missing is announced, then installed, then found', () => {
  const half = machine({ present: ['nats-server', 'postgres'] })
  expect(findOrInstall(half)).toEqual({
    nats: '/bin/nats-server',
    redis: '/bin/redis-server',
    postgres: '/bin/postgres',
    initdb: '/bin/initdb',
    nginx: '/bin/nginx',
  })
  expect(half.said).toEqual([
    expect.stringMatching(/redis-server, postgres, nginx not found, installing .*: redis-server postgresql nginx /),
  ])
  expect(half.ran[0]?.slice(0, 4)).toEqual(['sudo', '-n', 'sh', '-c'])
})

test('a failed installation is said, not hidden behind a later error', () => {
  expect(() => findOrInstall(machine({ run: () => false }))).toThrow(/apt-get could not install/)
  expect(() => findOrInstall(machine({ run: () => true }))).toThrow(/cannot be found although apt-get has run/)
})

test('nothing is said or run when everything is there', () => {
  const complete = machine({ present: ['nats-server', 'redis-server', 'postgres', 'initdb', 'nginx'] })
  findOrInstall(complete)
  expect([complete.said, complete.ran]).toEqual([[], []])
})
