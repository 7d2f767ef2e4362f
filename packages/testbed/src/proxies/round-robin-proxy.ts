import { startNginx } from '../servers/nginx.ts'
import type { TestServer } from '../servers/test-server.ts'

/**
 * An nginx that sends each HTTP request to the next target (a URL), whatever connection it came on: nobody behind it may rely on stickiness.
 * A target that refuses the connection is passed over; a request whose bytes may have been sent is never sent twice: the client gets 502.
 */
export function startRoundRobinProxy(targets: readonly string[]): Promise<TestServer> {
  // nginx passes over no target for what an earlier request met (`max_fails`), and keeps no connection that may turn out to be dead.
  return startNginx(
    (port) => `
  upstream targets { ${targets.map((target) => `server ${new URL(target).host} max_fails=0;`).join(' ')} }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 1000000;
    client_max_body_size 0;
    location / {
      proxy_pass http://targets;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Connection close;
      proxy_next_upstream error;
      proxy_request_buffering off;
      proxy_buffering off;
      proxy_read_timeout 120s;
    }
  }`,
  )
}
