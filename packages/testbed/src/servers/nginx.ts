import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { askTcp } from './ask-tcp.ts'
import { ensureServers } from './ensure-servers.ts'
import { startServer, type TestServer } from './test-server.ts'

/**
 * An nginx of this test's own, with one worker. `http` is what stands in its http block; it listens on the port it is
 * told, and logs into the folder it is told.
 */
export function startNginx(http: (port: number, directory: string) => string): Promise<TestServer> {
  return startServer({
    name: 'nginx',
    program: ensureServers().nginx,
    args: (port, directory) => {
      writeFileSync(join(directory, 'nginx.conf'), configOf(directory, http(port, directory)))
      return ['-p', directory, '-c', join(directory, 'nginx.conf'), '-e', 'stderr']
    },
    url: (port) => `http://127.0.0.1:${port}`,
    isReady: async (port) => (await askTcp(port, 'GET / HTTP/1.0\r\n\r\n')).startsWith('HTTP/1.1'),
    gracefulSignal: 'SIGQUIT',
    quickSignal: 'SIGTERM',
  })
}

function configOf(directory: string, http: string): string {
  // A worker of the user that runs the test may read what the test wrote; only root has to say so.
  const user = process.getuid?.() === 0 ? 'user root;\n' : ''
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${directory}/${name};`,
  )
  return `${user}daemon off;
worker_processes 1;
worker_shutdown_timeout 1s;
pid ${directory}/nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
${folders.join('\n')}
${http}
}
`
}
