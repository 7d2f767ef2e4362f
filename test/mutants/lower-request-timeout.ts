// Loaded into the gateway's process before it (--import): it has no setting for how long a request may take, and nobody
// who tries thousands of requests that never end waits half a minute for each.
import http from 'node:http'
import { syncBuiltinESMExports } from 'node:module'

const requestTimeout = Number(process.env['REQUEST_TIMEOUT_MS'])
const limits = { requestTimeout, headersTimeout: requestTimeout, connectionsCheckingInterval: 250 }
const { createServer } = http
const lowered = (options: http.ServerOptions, listener: http.RequestListener) =>
  createServer({ ...options, ...limits }, listener)
Object.assign(http, { createServer: lowered })
syncBuiltinESMExports()
