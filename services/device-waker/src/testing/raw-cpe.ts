import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** One request as it came, to the byte. */
export interface RawRequest {
  readonly line: string
  readonly headers: ReadonlyMap<string, string>
  /** Counts connections, from 1. */
  readonly connection: number
}

/** What it answers: bytes as they are, and whether it closes afterwards. Null: nothing. */
export type RawAnswer = {
  readonly text: string
  readonly close?: boolean
  readonly piecemeal?: boolean
  readonly afterMs?: number
} | null

export interface RawCpe {
  readonly port: number
  readonly requests: readonly RawRequest[]
  stop(): Promise<void>
}

/** The connection-request server of a CPE, written with sockets so that it can be as odd as the real ones. */
export async function startRawCpe(answer: (request: RawRequest, socket: Socket) => RawAnswer): Promise<RawCpe> {
  const requests: RawRequest[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    const connection = ++connections
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        const request = readRequest(text.slice(0, end), connection)
        text = text.slice(end + 4)
        requests.push(request)
        void reply(socket, answer(request, socket))
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

async function reply(socket: Socket, answer: RawAnswer): Promise<void> {
  if (answer === null) return
  const { text, close, piecemeal, afterMs = 0 } = answer
  if (afterMs > 0) await new Promise((resolve) => void setTimeout(resolve, afterMs))
  for (const part of piecemeal === true ? text : [text]) {
    socket.write(part, 'latin1')
    if (piecemeal === true) await new Promise((resolve) => void setImmediate(resolve))
  }
  if (close === true) socket.destroySoon()
}

function readRequest(head: string, connection: number): RawRequest {
  const [line = '', ...lines] = head.split('\r\n')
  const headers = new Map(
    lines.map((one) => [one.slice(0, one.indexOf(':')).toLowerCase(), one.slice(one.indexOf(':') + 1).trim()]),
  )
  return { line, headers, connection }
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')

/** Whether a request answers a digest challenge rightly, worked out from RFC 2617 here and not with our own code. */
export function digestFits(
  request: RawRequest,
  known: { readonly username: string; readonly password: string; readonly realm: string; readonly nonce: string },
): boolean {
  const header = request.headers.get('authorization') ?? ''
  if (!header.startsWith('Digest ')) return false
  const said = new Map(
    [...header.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]*))/g)].map((match) => [match[1]!, match[2] ?? match[3]!]),
  )
  const target = request.line.split(' ')[1]!
  if (said.get('nonce') !== known.nonce || said.get('uri') !== target || said.get('username') !== known.username)
    return false
  const ha1 = md5(`${known.username}:${known.realm}:${known.password}`)
  const ha2 = md5(`GET:${target}`)
  const qop = said.get('qop')
  const middle = qop === undefined ? known.nonce : `${known.nonce}:${said.get('nc')}:${said.get('cnonce')}:${qop}`
  return said.get('response') === md5(`${ha1}:${middle}:${ha2}`) && (qop === undefined || qop === 'auth')
}
