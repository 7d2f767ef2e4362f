import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { askTcp } from './ask-tcp.ts'
import { findProgram } from './find-program.ts'
import { startServer, type TestServer } from './test-server.ts'

export interface Prosody extends TestServer {
  /** The certificate of `localhost`, PEM: whom a client has to trust. Null where it has no TLS. */
  readonly certificate: string | null
}

export interface ProsodySettings {
  /** Accounts of the domain `localhost`: user name to password. */
  readonly accounts: Readonly<Record<string, string>>
  /** False: no TLS is offered, and none is demanded. True unless told. */
  readonly tls?: boolean
}

/** The program, where it is installed; a test without it says so and is skipped (`apt-get install prosody`). */
export function findProsody(): string | undefined {
  return findProgram('openssl') === undefined ? undefined : findProgram('prosody')
}

/** An XMPP server for the domain `localhost`, client to server only. */
export async function startProsody({ accounts, tls = true }: ProsodySettings): Promise<Prosody> {
  let certificate: string | null = null
  const server = await startServer({
    name: 'prosody',
    program: findProsody() ?? 'prosody',
    args: (port, directory) => {
      writeFileSync(join(directory, 'prosody.cfg.lua'), configOf(port, directory, tls))
      return ['--config', join(directory, 'prosody.cfg.lua'), '-F']
    },
    url: (port) => `xmpp://127.0.0.1:${port}`,
    prepare: (directory) => {
      writeAccounts(directory, accounts)
      if (tls) certificate = makeCertificate(directory)
    },
    isReady: async (port) => (await askTcp(port, STREAM_HEAD)).includes('<stream:stream'),
    gracefulSignal: 'SIGTERM',
    quickSignal: 'SIGKILL',
  })
  return { ...server, certificate }
}

const STREAM_HEAD =
  "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"

function configOf(port: number, directory: string, tls: boolean): string {
  const quote = (text: string) => JSON.stringify(text)
  return [
    'run_as_root = true',
    `pidfile = ${quote(join(directory, 'prosody.pid'))}`,
    `data_path = ${quote(join(directory, 'data'))}`,
    `modules_enabled = { "saslauth", "roster", "ping"${tls ? ', "tls"' : ''} }`,
    `modules_disabled = { "s2s", "s2s_auth_certs", "offline"${tls ? '' : ', "tls"'} }`,
    'interfaces = { "127.0.0.1" }',
    `c2s_ports = { ${port} }`,
    's2s_ports = {}',
    'authentication = "internal_plain"',
    `c2s_require_encryption = ${tls}`,
    'log = { info = "*console" }',
    'VirtualHost "localhost"',
    ...(tls
      ? [`  ssl = { key = ${quote(join(directory, 'key.pem'))}, certificate = ${quote(join(directory, 'cert.pem'))} }`]
      : []),
  ].join('\n')
}

/** As its internal storage keeps them: one file for each, the name percent-encoded with `%` as the escape. */
function writeAccounts(directory: string, accounts: ProsodySettings['accounts']): void {
  const folder = join(directory, 'data', 'localhost', 'accounts')
  mkdirSync(folder, { recursive: true })
  for (const [name, password] of Object.entries(accounts)) {
    const file = name.replaceAll(/[^A-Za-z0-9]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
    writeFileSync(join(folder, `${file}.dat`), `return { ["password"] = ${JSON.stringify(password)} };\n`)
  }
}

function makeCertificate(directory: string): string {
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync('openssl', ['req', ...kind, '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' })
  return readFileSync(cert, 'utf8')
}
