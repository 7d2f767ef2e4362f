import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The floor: what Node's own server costs for the same exchange, with nothing behind it. */
const informResponse = 'x'.repeat(Number(process.argv[2]))
const cookie = `sluice=dev_${'a'.repeat(26)}.${'b'.repeat(22)}; Path=/; HttpOnly`

const server = createServer((request, response) => {
  let bytes = 0
  request.on('data', (chunk: Buffer) => (bytes += chunk.length))
  request.on('end', () => {
    if (bytes === 0) {
      response.writeHead(204, { 'content-length': 0 }).end()
      return
    }
    const headers = { 'content-type': 'text/xml; charset=utf-8', 'set-cookie': cookie }
    response.writeHead(200, { ...headers, 'content-length': informResponse.length }).end(informResponse)
  })
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`floor listens on ${(server.address() as AddressInfo).port}\n`)
})
