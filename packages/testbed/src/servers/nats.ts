import { join } from 'node:path'
import { askTcp } from './ask-tcp.ts'
import { ensureServers } from './ensure-servers.ts'
import { startServer, type TestServer } from './test-server.ts'

export function startNats({ jetstream = true }: { jetstream?: boolean } = {}): Promise<TestServer> {
  return startServer({
    name: 'nats',
    program: ensureServers().nats,
    args: (port, directory) => [
      '-a',
      '127.0.0.1',
      '-p',
      String(port),
      ...(jetstream ? ['-js', '-sd', join(directory, 'jetstream')] : []),
    ],
    url: (port) => `nats://127.0.0.1:${port}`,
    isReady: async (port) => (await askTcp(port, '')).startsWith('INFO '),
    gracefulSignal: 'SIGTERM',
    quickSignal: 'SIGKILL',
  })
}
