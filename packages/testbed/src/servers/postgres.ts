import { spawnSync } from 'node:child_process'
import { chownSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { readyFolder } from '../ready-folder.ts'
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

const ready = readyFolder('postgres')

/** What `initdb` makes, for all servers from here on. Answers what removes it. */
export function keepReadyPostgres(): Promise<() => void> {
  const user = unprivilegedUser()
  return ready.make((folder) => {
    if (user) chownSync(folder, user.uid, user.gid)
    initialise(ensureServers().initdb, join(folder, 'data'), user)
  })
}

const postgresUrl = (port: number) => `postgres://postgres@127.0.0.1:${port}/postgres`

function prepareData(initdb: string, data: string, user: User | undefined): void {
  const folder = ready.find()
  if (folder === undefined) initialise(initdb, data, user)
  else run('cp', ['-a', join(folder, 'data'), data], user)
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
