import { spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { TestbedError } from '../testbed-error.ts'
import { ensureServers } from './ensure-servers.ts'
import { startServer, type TestServer } from './test-server.ts'

/** fsync off and commits written before they are answered: a kill -9 of the server loses nothing, a power cut would. */
const settings = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'on',
  max_connections: '200',
  shared_buffers: '32MB',
  autovacuum: 'on',
  log_min_messages: 'fatal',
}

/** `more`: settings beside these, or in their place; for measurements. */
export function startPostgres(more: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  const programs = ensureServers()
  const user = unprivilegedUser()
  return startServer({
    name: 'postgres',
    program: programs.postgres,
    prepare: (directory) => prepareData(programs.initdb, join(directory, 'data'), user),
    args: (port, directory) =>
      ['-D', join(directory, 'data'), '-p', String(port), '-h', '127.0.0.1', '-k', directory].concat(
        Object.entries({ ...settings, ...more }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ),
    url: postgresUrl,
    isReady: answersQueries,
    user,
    gracefulSignal: 'SIGINT',
    quickSignal: 'SIGQUIT',
  })
}

/** Names a data folder to copy, for all processes of a run; without it, each server makes its own. */
const READY = 'SLUICE_READY_POSTGRES'

/** What `initdb` makes is always the same, and takes a second to make: once, for all servers from here on. Answers what removes it. */
export function keepReadyPostgres(): () => void {
  const programs = ensureServers()
  const user = unprivilegedUser()
  const folder = mkdtempSync(join(tmpdir(), 'sluice-ready-postgres-'))
  if (user) chownSync(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  initialise(programs.initdb, data, user)
  process.env[READY] = data
  return () => {
    delete process.env[READY]
    rmSync(folder, { recursive: true, force: true })
  }
}

const postgresUrl = (port: number) => `postgres://postgres@127.0.0.1:${port}/postgres`

function prepareData(initdb: string, data: string, user: User | undefined): void {
  const ready = process.env[READY]
  if (ready === undefined) initialise(initdb, data, user)
  else run('cp', ['-a', ready, data], user)
}

function initialise(initdb: string, data: string, user: User | undefined): void {
  const args = [
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'trust',
    '--no-sync',
    '--wal-segsize=1',
    '--no-instructions',
    '--locale=C',
    '-E',
    'UTF8',
  ]
  run(initdb, args, user)
}

/** As the user whom the server runs as: the data are to be its own. */
function run(program: string, args: readonly string[], user: User | undefined): void {
  const { status, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    cwd: '/',
    ...user,
    env: { PATH: process.env['PATH'] ?? '', LANG: 'C', TZ: 'UTC' },
  })
  if (status !== 0) throw new TestbedError('server_failed', `${program}: ${stderr}`)
}

async function answersQueries(port: number): Promise<boolean> {
  const client = new pg.Client({ connectionString: postgresUrl(port), connectionTimeoutMillis: 2000 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } finally {
    await client.end()
  }
}

type User = { readonly uid: number; readonly gid: number }

/** PostgreSQL refuses to run as root. */
function unprivilegedUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const account = accounts.find(([name]) => name === 'postgres') ?? accounts.find(([name]) => name === 'nobody')
  if (!account)
    throw new TestbedError(
      'server_failed',
      'PostgreSQL does not run as root, and there is neither a user postgres nor nobody',
    )
  return { uid: Number(account[2]), gid: Number(account[3]) }
}
