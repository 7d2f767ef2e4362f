import { createHmac } from 'node:crypto'
import { type IncomingHttpHeaders, type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export const GATE_SECRET = 'a secret of sixteen letters or more'

export interface Asked {
  readonly body: Record<string, unknown>
  readonly headers: IncomingHttpHeaders
  /** Whether the body is signed as it says. */
  readonly isSigned: boolean
}

export interface GateServer {
  readonly url: string
  readonly host: string
  readonly asked: Asked[]
  /** Status, headers and body of the next answers; null: none at all. */
  answer: { readonly status?: number; readonly headers?: Record<string, string>; readonly body: string } | null
  close(): Promise<void>
}

/** Somebody outside, who is asked over HTTP. */
export async function startGateServer(): Promise<GateServer> {
  const asked: Asked[] = []
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      const { headers } = request
      const signed = `${String(headers['sluice-timestamp'])}.${text}`
      const expected = `sha256=${createHmac('sha256', GATE_SECRET).update(signed).digest('hex')}`
      const isSigned = headers['sluice-signature'] === expected
      asked.push({ body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>), headers, isSigned })
      if (gate.answer === null) return
      response.writeHead(gate.answer.status ?? 200, gate.answer.headers ?? {}).end(gate.answer.body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const gate: GateServer = {
    url: `http://${host}/gate`,
    host,
    asked,
    answer: { body: '{"answer":"wait"}' },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return gate
}
