import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { askTcp } from './ask-tcp.ts'
import { ensureServers } from './ensure-servers.ts'
import { type ServerKind, type TestServer, startServer } from './test-server.ts'

export function startNats({ jetstream = true }: { jetstream?: boolean } = {}): Promise<TestServer> {
  return startServer(natsKind({ jetstream }))
}

/** A NATS whose users have what a `users.conf` gives them, and passwords of their own. */
export interface NatsWithUsers extends TestServer {
  /** With the user's password in it. */
  urlOf(user: string): string
  /**
   * What the server refused its users, in its own words; the last 64 KiB since it was started. Without replies to what
   * was asked before it was started again: the right to reply went with the process that had granted it.
   */
  refusals(): string[]
}

/** `users`: the text of a `users.conf`, with the passwords as variables. */
export async function startNatsWithUsers(users: string): Promise<NatsWithUsers> {
  const passwords = new Map(
    [...users.matchAll(/\$(PASSWORD_\w+)/g)].map(([, name]) => [name!, randomBytes(16).toString('hex')]),
  )
  const server = await startServer({
    ...natsKind({ configuration: 'nats.conf' }),
    prepare(directory) {
      const lines = [...passwords].map(([name, password]) => `${name}: "${password}"\n`)
      writeFileSync(join(directory, 'passwords.conf'), lines.join(''))
      writeFileSync(join(directory, 'users.conf'), users)
      writeFileSync(join(directory, 'nats.conf'), 'include users.conf\nauthorization: { users: $SLUICE_USERS }\n')
    },
  })
  let wasRestarted = false
  return {
    ...server,
    async restart() {
      wasRestarted = true
      await server.restart()
    },
    urlOf(user) {
      const password = passwords.get(`PASSWORD_${user.replaceAll('-', '_').toUpperCase()}`) ?? ''
      return `nats://${user}:${password}@127.0.0.1:${server.port}`
    },
    refusals: () =>
      server
        .output()
        .split('\n')
        .filter((line) => line.includes('Violation') || line.includes('authentication error'))
        .filter((line) => !(wasRestarted && /Publish Violation .* Subject "_INBOX/.test(line))),
  }
}

function natsKind({ jetstream = true, configuration }: { jetstream?: boolean; configuration?: string }): ServerKind {
  return {
    name: 'nats',
    program: ensureServers().nats,
    args: (port, directory) => [
      '-a',
      '127.0.0.1',
      '-p',
      String(port),
      ...(jetstream ? ['-js', '-sd', join(directory, 'jetstream')] : []),
      ...(configuration === undefined ? [] : ['-c', join(directory, configuration)]),
    ],
    url: (port) => `nats://127.0.0.1:${port}`,
    isReady: async (port) => (await askTcp(port, '')).startsWith('INFO '),
    gracefulSignal: 'SIGTERM',
    quickSignal: 'SIGKILL',
  }
}
