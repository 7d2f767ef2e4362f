import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One POST as it came over the wire. */
export interface Post {
  /** Inform, TransferComplete, DownloadResponse, Fault ...; '' for an empty POST. */
  readonly name: string
  readonly path: string
  readonly body: string
  readonly headers: IncomingMessage['headers']
  /** Number of the TCP connection it came on. */
  readonly connection: number
}

export interface Served {
  readonly path: string
  readonly authorization: string | undefined
  readonly range: string | undefined
}

/** An ACS and file server that does what the test tells it and keeps all it sees. Knows nothing of the simulator. */
export interface ScriptedAcs {
  readonly url: string
  readonly posts: Post[]
  readonly served: Served[]
  /** Answers to be given, in this order, as the device's posts leave room: SOAP content of calls. */
  ask(serial: string, ...calls: string[]): void
  serve(path: string, bytes: Buffer, how?: { login?: string; cutAt?: number; digest?: boolean }): string
  /** The next answers to POSTs are this status with no body. */
  failNext(times: number, status?: number): void
  /** Answers the next TransferComplete with SOAP fault 8002. */
  refuseNextReport(): void
  /** The next authorized POSTs are challenged again with stale=true. */
  callStaleNext(times: number): void
  /** The next POST is answered with 307 to this path. */
  redirectNext(path: string): void
  hold: boolean
  /** Resolves when no connection is open; never, when one is left. */
  hungUp(): Promise<void>
  /** Resolves with the first posts that satisfy the condition. */
  seen(condition: (posts: Post[]) => boolean): Promise<Post[]>
  close(): Promise<void>
}

const REALM = 'scripted'
const NONCE = 'b7d1f0a2'

export async function startScriptedAcs(auth?: {
  scheme: 'basic' | 'digest' | 'digest-sha256' | 'digest-rfc2069'
  password(username: string): string | undefined
}): Promise<ScriptedAcs> {
  const posts: Post[] = []
  const served: Served[] = []
  const calls = new Map<string, string[]>()
  const files = new Map<string, { bytes: Buffer; login?: string; cutAt?: number; digest?: boolean }>()
  const sessions = new Map<string, string>()
  const waiting = new Set<() => void>()
  let failures = 0
  let failStatus = 503
  let refuseReport = false
  let stale = 0
  let redirect: string | undefined
  let connections = 0
  const acs = { hold: false }

  const respond = (response: ServerResponse, status: number, body = '', headers: Record<string, string> = {}): void => {
    response.writeHead(status, { 'Content-Length': Buffer.byteLength(body), ...headers })
    response.end(body)
  }
  const soap = (response: ServerResponse, id: string, content: string, headers: Record<string, string> = {}): void =>
    respond(
      response,
      200,
      `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:cwmp="urn:dslforum-org:cwmp-1-2"><soapenv:Header><cwmp:ID soapenv:mustUnderstand="1">${id}</cwmp:ID>${acs.hold ? '<cwmp:HoldRequests>1</cwmp:HoldRequests>' : ''}</soapenv:Header><soapenv:Body>${content}</soapenv:Body></soapenv:Envelope>`,
      { 'Content-Type': 'text/xml; charset=utf-8', ...headers },
    )

  const answerPost = (request: IncomingMessage, response: ServerResponse, body: string): void => {
    if (failures > 0) {
      failures -= 1
      return respond(response, failStatus)
    }
    if (redirect !== undefined) {
      const location = redirect
      redirect = undefined
      return respond(response, 307, '', { Location: location })
    }
    if (auth && stale > 0 && allowed(request, auth)) {
      stale -= 1
      return respond(response, 401, '', { 'WWW-Authenticate': `${challengeOf(auth.scheme)}, stale=true` })
    }
    if (auth && !allowed(request, auth)) {
      return respond(response, 401, '', { 'WWW-Authenticate': challengeOf(auth.scheme) })
    }
    const id = /<cwmp:ID[^>]*>([^<]*)</.exec(body)?.[1] ?? ''
    const name = nameOf(body)
    const cookie = /sid=(\w+)/.exec(request.headers.cookie ?? '')?.[1]
    const socketKey = `socket ${String(Reflect.get(request.socket, 'number'))}`
    if (name === 'Inform') {
      const serial = /<SerialNumber>([^<]*)</.exec(body)?.[1] ?? ''
      const sid = createHash('sha256').update(`${serial} ${posts.length}`).digest('hex').slice(0, 12)
      sessions.set(sid, serial)
      sessions.set(socketKey, serial)
      return soap(response, id, '<cwmp:InformResponse><MaxEnvelopes>1</MaxEnvelopes></cwmp:InformResponse>', {
        'Set-Cookie': `sid=${sid}; Path=/; HttpOnly`,
      })
    }
    if (name === 'TransferComplete') {
      if (refuseReport) {
        refuseReport = false
        return soap(
          response,
          id,
          '<soapenv:Fault><faultcode>Server</faultcode><faultstring>CWMP fault</faultstring><detail><cwmp:Fault><FaultCode>8002</FaultCode><FaultString>later</FaultString></cwmp:Fault></detail></soapenv:Fault>',
        )
      }
      return soap(response, id, '<cwmp:TransferCompleteResponse/>')
    }
    const serial = sessions.get(cookie ?? socketKey) ?? ''
    const call = calls.get(serial)?.shift()
    if (call === undefined) return respond(response, 204)
    return soap(response, `call-${posts.length}`, call)
  }

  const answerGet = (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url ?? '/'
    const { authorization, range } = request.headers
    served.push({ path, authorization, range })
    const file = files.get(path)
    if (!file) return respond(response, 404)
    if (file.login !== undefined) {
      const [, password] = file.login.split(':')
      const scheme = file.digest ? 'digest' : 'basic'
      if (!allowed(request, { scheme, password: () => password })) {
        return respond(response, 401, '', { 'WWW-Authenticate': challengeOf(scheme) })
      }
    }
    const from = Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0)
    const rest = file.bytes.subarray(from)
    response.writeHead(from > 0 ? 206 : 200, { 'Content-Length': rest.length, ETag: '"one"' })
    if (file.cutAt === undefined || from >= file.cutAt) return void response.end(rest)
    response.write(rest.subarray(0, file.cutAt), () => setTimeout(() => response.destroy(), 20))
  }

  const server = createServer((request, response) => {
    if (request.method === 'GET') return answerGet(request, response)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8')
      const connection = Number(Reflect.get(request.socket, 'number'))
      posts.push({ name: nameOf(body), path: request.url ?? '', body, headers: request.headers, connection })
      answerPost(request, response, body)
      for (const check of waiting) check()
    })
  })
  const open = new Set<unknown>()
  server.on('connection', (socket) => {
    connections += 1
    Reflect.set(socket, 'number', connections)
    open.add(socket)
    socket.on('close', () => {
      open.delete(socket)
      for (const check of waiting) check()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return Object.assign(acs, {
    url: `${base}/acs`,
    posts,
    served,
    ask: (serial: string, ...more: string[]) => void calls.set(serial, [...(calls.get(serial) ?? []), ...more]),
    serve: (path: string, bytes: Buffer, how: { login?: string; cutAt?: number; digest?: boolean } = {}) => {
      files.set(path, { bytes, ...how })
      return base + path
    },
    failNext: (times: number, status = 503) => {
      failures = times
      failStatus = status
    },
    refuseNextReport: () => {
      refuseReport = true
    },
    callStaleNext: (times: number) => {
      stale = times
    },
    redirectNext: (path: string) => {
      redirect = path
    },
    hungUp: () =>
      new Promise<void>((resolve) => {
        const check = (): void => {
          if (open.size > 0) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    seen: (condition: (all: Post[]) => boolean) =>
      new Promise<Post[]>((resolve) => {
        const check = (): void => {
          if (!condition(posts)) return
          waiting.delete(check)
          resolve(posts)
        }
        waiting.add(check)
        check()
      }),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  })
}

/** The Download call: all ten arguments, or the four of the minimal form. */
export function downloadCall(
  key: string,
  url: string,
  how: { minimal?: boolean; login?: string; delaySeconds?: number } = {},
): string {
  const [username = '', password = ''] = how.login?.split(':') ?? []
  const head = `<CommandKey>${key}</CommandKey><FileType>1 Firmware Upgrade Image</FileType><URL>${url}</URL>`
  const login = `<Username>${username}</Username><Password>${password}</Password><FileSize>0</FileSize><TargetFileName></TargetFileName>`
  const delay = `<DelaySeconds>${how.delaySeconds ?? 0}</DelaySeconds>`
  const rest = how.minimal ? delay : `${login}${delay}<SuccessURL></SuccessURL><FailureURL/>`
  return `<cwmp:Download>${head}${rest}</cwmp:Download>`
}

export function call(name: string, content = ''): string {
  return `<cwmp:${name}>${content}</cwmp:${name}>`
}

export function eventsOf(post: Post): string[] {
  return [...post.body.matchAll(/<EventCode>([^<]*)</g)].map(([, code]) => code ?? '')
}

function nameOf(body: string): string {
  return /<[\w-]+:Body[^>]*>\s*<(?:[\w-]+:)?(\w+)/.exec(body)?.[1] ?? ''
}

type Scheme = 'basic' | 'digest' | 'digest-sha256' | 'digest-rfc2069'

function challengeOf(scheme: Scheme): string {
  if (scheme === 'basic') return `Basic realm="${REALM}"`
  if (scheme === 'digest-rfc2069') return `Digest realm="${REALM}", nonce="${NONCE}"`
  const algorithm = scheme === 'digest-sha256' ? ', algorithm=SHA-256' : ''
  return `Digest realm="${REALM}", qop="auth,auth-int", nonce="${NONCE}", opaque="xyz"${algorithm}`
}

function allowed(
  request: IncomingMessage,
  auth: { scheme: Scheme; password(username: string): string | undefined },
): boolean {
  const header = request.headers.authorization ?? ''
  if (auth.scheme === 'basic') {
    const [username = '', password] = Buffer.from(header.replace(/^Basic /, ''), 'base64')
      .toString()
      .split(':')
    return header.startsWith('Basic ') && password === auth.password(username)
  }
  const field = (name: string): string => new RegExp(`[ ,]${name}="?([^",]*)`).exec(header)?.[1] ?? ''
  const hash = (text: string): string =>
    createHash(auth.scheme === 'digest-sha256' ? 'sha256' : 'md5')
      .update(text)
      .digest('hex')
  const password = auth.password(field('username'))
  const ha1 = hash(`${field('username')}:${REALM}:${password}`)
  const ha2 = hash(`${request.method}:${request.url}`)
  const middle = auth.scheme === 'digest-rfc2069' ? NONCE : `${NONCE}:${field('nc')}:${field('cnonce')}:${field('qop')}`
  return password !== undefined && field('response') === hash(`${ha1}:${middle}:${ha2}`)
}
