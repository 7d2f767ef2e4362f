import { createServer, type Server, type Socket } from 'node:net'
import { authorization, type Challenge } from '../answer-challenge.ts'
import type { Cpe } from '../cpe.ts'
import { hexDigits } from '../seeded.ts'

/** Where the ACS asks for a session over HTTP (TR-069 3.2.2). Speaks on the bare socket, so that it can speak badly. */
export interface ConnectionRequestServer {
  /** Answers the URL. */
  open(): Promise<string>
  close(): Promise<void>
}

export interface ConnectionRequestParts {
  readonly cpe: Cpe
  /** False while the device is off or cannot hear: connections are cut. */
  readonly awake: () => boolean
  readonly inSession: () => boolean
  /** A request that holds: a session is due. */
  readonly requested: () => void
}

const REALM = 'simulated-cpe'
const MAX_REQUEST_BYTES = 8_192
const KEPT_NONCES = 32

export function createConnectionRequestServer(parts: ConnectionRequestParts): ConnectionRequestServer {
  const { cpe } = parts
  const fault = cpe.settings.faults.connectionRequests
  const path = `/${hexDigits(cpe.random, 16)}`
  const sockets = new Set<Socket>()
  /** Nonce to the highest count it was used with. */
  const nonces = new Map<string, number>()
  let server: Server | undefined

  const newNonce = (): string => {
    const nonce = hexDigits(cpe.random, 32)
    nonces.set(nonce, 0)
    const [oldest] = nonces.keys()
    if (nonces.size > KEPT_NONCES && oldest !== undefined) nonces.delete(oldest)
    return nonce
  }

  const allowed = (header: string): boolean => {
    const login = {
      username: cpe.model.server('ConnectionRequestUsername'),
      password: cpe.model.server('ConnectionRequestPassword'),
    }
    if (fault === 'open') return true
    const same = { method: 'GET', uri: '', count: 0, cnonce: '' }
    if (fault === 'basic') return header === authorization({ scheme: 'basic', parameters: {} }, login, same)
    const field = (name: string): string =>
      new RegExp(`[\\s,]${name}\\s*=\\s*(?:"([^"]*)"|([^\\s,]+))`, 'i').exec(header)?.slice(1).find(Boolean) ?? ''
    const [nonce, qop, count] = [field('nonce'), field('qop'), parseInt(field('nc') || '0', 16)]
    const last = nonces.get(nonce)
    if (!/^digest\s/i.test(header) || last === undefined || field('username') !== login.username) return false
    if (qop !== '' && count <= last) return false
    const challenge: Challenge = { scheme: 'digest', parameters: { realm: REALM, nonce, ...(qop !== '' && { qop }) } }
    const signed = { method: 'GET', uri: field('uri'), count, cnonce: field('cnonce') }
    const [, expected] = /response="([0-9a-f]+)"/.exec(authorization(challenge, login, signed)) ?? []
    if (field('response').toLowerCase() !== expected || URL.parse(field('uri'), 'http://a')?.pathname !== path)
      return false
    nonces.set(nonce, qop === '' ? last : count)
    return true
  }

  const answerOne = (socket: Socket, head: string): void => {
    const [, method, target = ''] = /^(\w+) (\S+) HTTP\/1\.[01]/.exec(head) ?? []
    const [, login = ''] = /^authorization:[ \t]*(.*?)\r?$/im.exec(head) ?? []
    const answer = (status: number, closes: boolean): void => {
      cpe.record({ what: 'connection_request', over: 'http', status })
      write(socket, status, closes, fault === 'bare_lf', status === 401 ? challengeOf(fault, newNonce()) : undefined)
    }
    if (URL.parse(target, 'http://a')?.pathname !== path) return answer(404, true)
    if (method !== 'GET') return answer(405, true)
    if (fault === 'busy' || (fault === 'busy_in_session' && parts.inSession())) return answer(503, true)
    if (!allowed(login)) return answer(401, fault === 'closes')
    answer(fault === 'no_content' ? 204 : 200, true)
    if (fault !== 'ignores') parts.requested()
  }

  const serve = (socket: Socket): void => {
    if (!parts.awake()) return void socket.destroy()
    sockets.add(socket)
    let read = ''
    socket.setTimeout(cpe.settings.timeoutMs, () => socket.destroy())
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      read += chunk.toString('latin1')
      if (read.length > MAX_REQUEST_BYTES) return void socket.destroy()
      const end = /\r?\n\r?\n/.exec(read)
      if (!end) return
      const head = read.slice(0, end.index)
      read = read.slice(end.index + end[0].length)
      answerOne(socket, head)
    })
  }

  return {
    open: async () => {
      const opened = createServer(serve)
      server = opened
      const host = cpe.settings.listenHost ?? '127.0.0.1'
      await new Promise<void>((resolve, reject) => {
        opened.once('error', reject)
        opened.listen(0, host, resolve)
      })
      const address = opened.address()
      return `http://${host}:${typeof address === 'object' && address ? address.port : 0}${path}`
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        if (server) server.close(() => resolve())
        else resolve()
        server = undefined
      }),
  }
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  503: 'Service Unavailable',
}

function challengeOf(fault: string | undefined, nonce: string): string {
  if (fault === 'basic') return `Basic realm="${REALM}"`
  if (fault === 'no_qop') return `Digest realm="${REALM}", nonce="${nonce}"`
  if (fault === 'blanks') return `Digest qop="auth" nonce="${nonce}" opaque="" realm="${REALM}"`
  if (fault === 'bare_lf')
    return `Digest realm="${REALM}",\n qop="auth",\n nonce="${nonce}",\n opaque="",\n algorithm=MD5`
  return `Digest realm="${REALM}", qop="auth,auth-int", nonce="${nonce}", opaque="", algorithm=MD5`
}

function write(socket: Socket, status: number, closes: boolean, bareLf: boolean, challenge?: string): void {
  const lines = [`HTTP/1.1 ${status} ${REASONS[status] ?? ''}`, 'Content-Length: 0']
  if (challenge !== undefined) lines.push(`WWW-Authenticate: ${challenge}`)
  lines.push(`Connection: ${closes ? 'close' : 'keep-alive'}`, '', '')
  const text = lines.join(bareLf ? '\n' : '\r\n')
  if (closes) socket.end(text)
  else socket.write(text)
}
