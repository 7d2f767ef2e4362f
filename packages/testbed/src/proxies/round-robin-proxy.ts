import { startNginx } from '../servers/nginx.ts'
import type { TestServer } from '../servers/test-server.ts'

/**
 * An nginx that sends each request to the next target (an `http` URL without a path), whatever connection it came on:
 * nobody behind it may rely on stickiness. A target that refuses the connection is passed over; a POST whose bytes may
 * have been sent is never sent twice: the client gets 502, 504 after two minutes, or a cut answer if it had begun.
 */
export function startRoundRobinProxy(targets: readonly string[]): Promise<TestServer> {
  const servers = targets.map((target) => `server ${new URL(target).host} max_fails=0;`)
  // max_fails=0: no target is left out for what an earlier request met. Unbuffered, a body keeps its chunks.
  return startNginx(
    (port) => `
  upstream targets { ${servers.join(' ')} }
  server {
    listen 127.0.0.1:${port};
    client_max_body_size 0;
    location / {
      proxy_pass http://targets;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Connection close;
      proxy_next_upstream error;
      proxy_request_buffering off;
      proxy_read_timeout 120s;
    }
  }`,
  )
}
