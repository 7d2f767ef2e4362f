import { spawnSync } from 'node:child_process'
import { TestbedError } from '../testbed-error.ts'
import { findProgram } from './find-program.ts'
import { planInstall, type Machine, type ServerName } from './plan-install.ts'

export type ServerPrograms = {
  readonly nats: string
  readonly redis: string
  readonly postgres: string
  readonly initdb: string
}

let found: ServerPrograms | undefined

/** Paths of the servers' programs. Installs what is missing where the machine allows it, else throws one sentence that says what to do. */
export function ensureServers(): ServerPrograms {
  found ??= findAll() ?? installAndFind()
  return found
}

function findAll(): ServerPrograms | undefined {
  const nats = findProgram('nats-server')
  const redis = findProgram('redis-server')
  const postgres = findProgram('postgres')
  const initdb = findProgram('initdb')
  return nats && redis && postgres && initdb ? { nats, redis, postgres, initdb } : undefined
}

function installAndFind(): ServerPrograms {
  const missing = missingServers()
  const plan = planInstall(missing, thisMachine())
  if (plan.kind === 'impossible') throw new TestbedError('servers_missing', plan.sentence)

  if (plan.kind === 'install') {
    process.stderr.write(`${plan.announcement}\n`)
    const shell = ['sh', '-c', plan.script]
    const [program = 'sh', ...args] = plan.withSudo ? ['sudo', '-n', ...shell] : shell
    const run = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], timeout: 10 * 60_000 })
    if (run.status !== 0)
      throw new TestbedError(
        'servers_missing',
        `apt-get could not install what ${missing.join(', ')} come from; see its output above.`,
      )
  }
  const programs = findAll()
  if (!programs)
    throw new TestbedError(
      'servers_missing',
      `${missingServers().join(', ')} cannot be found although apt-get has run.`,
    )
  return programs
}

function missingServers(): ServerName[] {
  const missing: ServerName[] = []
  if (!findProgram('nats-server')) missing.push('nats-server')
  if (!findProgram('redis-server')) missing.push('redis-server')
  if (!findProgram('postgres') || !findProgram('initdb')) missing.push('postgres')
  return missing
}

function thisMachine(): Machine {
  const isRoot = process.getuid?.() === 0
  const mayDoSudo = !isRoot && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0
  return {
    hasAptGet: findProgram('apt-get') !== undefined,
    becomesRoot: isRoot ? 'is_root' : mayDoSudo ? 'sudo' : 'no',
  }
}
