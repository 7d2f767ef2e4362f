import { askTcp } from './ask-tcp.ts'
import { ensureServers } from './ensure-servers.ts'
import { startServer, type TestServer } from './test-server.ts'

/** Appends to its log before it answers, without fsync: what it acknowledged survives a kill -9 of the server. */
const settings = { bind: '127.0.0.1', save: '', appendonly: 'yes', appendfsync: 'no', 'aof-use-rdb-preamble': 'no' }

/** `more`: settings beside these, or in their place. */
export function startRedis(more: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  return startServer({
    name: 'redis',
    program: ensureServers().redis,
    args: (port, directory) =>
      Object.entries({ ...settings, ...more, port: String(port), dir: directory }).flatMap(([name, value]) => [
        `--${name}`,
        value,
      ]),
    url: (port) => `redis://127.0.0.1:${port}`,
    isReady: async (port) => (await askTcp(port, 'PING\r\n')).startsWith('+PONG'),
    gracefulSignal: 'SIGTERM',
    quickSignal: 'SIGKILL',
  })
}
