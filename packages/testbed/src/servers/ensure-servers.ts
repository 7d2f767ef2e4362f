import { spawnSync } from 'node:child_process'
import { TestbedError } from '../testbed-error.ts'
import { findProgram } from './find-program.ts'
import { type Machine, planInstall, type ServerName } from './plan-install.ts'

export type ServerPrograms = {
  readonly nats: string
  readonly redis: string
  readonly postgres: string
  readonly initdb: string
  readonly nginx: string
}

/** What looking for servers and installing them needs of the machine. */
export type MachineParts = {
  readonly find: (program: string) => string | undefined
  readonly inspect: () => Machine
  /** Runs a program with its output on ours; answers whether it succeeded. */
  readonly run: (program: string, args: readonly string[]) => boolean
  readonly say: (line: string) => void
}

const thisMachine: MachineParts = {
  find: (program) => findProgram(program),
  inspect: () => {
    const isRoot = process.getuid?.() === 0
    const mayDoSudo = !isRoot && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0
    return {
      hasAptGet: findProgram('apt-get') !== undefined,
      becomesRoot: isRoot ? 'is_root' : mayDoSudo ? 'sudo' : 'no',
    }
  },
  run: (program, args) =>
    spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], timeout: 10 * 60_000 }).status === 0,
  say: (line) => void process.stderr.write(`${line}\n`),
}

let found: ServerPrograms | undefined

/** Paths of the servers' programs. Installs what is missing where the machine allows it, else throws one sentence that says what to do. */
export function ensureServers(): ServerPrograms {
  found ??= findOrInstall(thisMachine)
  return found
}

export function findOrInstall(machine: MachineParts): ServerPrograms {
  const present = findAll(machine)
  if (present) return present

  const plan = planInstall(missingServers(machine), machine.inspect())
  if (plan.kind === 'impossible') throw new TestbedError('servers_missing', plan.sentence)
  if (plan.kind === 'install') {
    machine.say(plan.announcement)
    const shell = ['-c', plan.script]
    const hasRun = plan.withSudo ? machine.run('sudo', ['-n', 'sh', ...shell]) : machine.run('sh', shell)
    if (!hasRun) {
      throw new TestbedError(
        'servers_missing',
        'apt-get could not install the servers that the tests need; see its output above.',
      )
    }
  }
  const installed = findAll(machine)
  if (installed) return installed
  const missing = missingServers(machine).join(', ')
  throw new TestbedError('servers_missing', `${missing} cannot be found although apt-get has run.`)
}

function findAll({ find }: MachineParts): ServerPrograms | undefined {
  const nats = find('nats-server')
  const redis = find('redis-server')
  const postgres = find('postgres')
  const initdb = find('initdb')
  const nginx = find('nginx')
  return nats && redis && postgres && initdb && nginx ? { nats, redis, postgres, initdb, nginx } : undefined
}

function missingServers({ find }: MachineParts): ServerName[] {
  const missing: ServerName[] = []
  if (!find('nats-server')) missing.push('nats-server')
  if (!find('redis-server')) missing.push('redis-server')
  if (!find('postgres') || !find('initdb')) missing.push('postgres')
  if (!find('nginx')) missing.push('nginx')
  return missing
}
