import { createHash } from 'node:crypto'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { gunzipSync, inflateSync } from 'node:zlib'

/** One POST as it came over the wire. */
export interface Post {
  /** Inform, TransferComplete, DownloadResponse, Fault ...; '' for an empty POST. */
  readonly name: string
  readonly path: string
  readonly body: string
  /** As they came, before any coding was undone. */
  readonly bytes: Buffer
  readonly httpVersion: string
  readonly headers: IncomingMessage['headers']
  /** Number of the TCP connection it came on. */
  readonly connection: number
}

/** One file a device sent. */
export interface Put {
  readonly path: string
  readonly body: Buffer
  readonly authorization: string | undefined
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
  /** Files that arrived whole. */
  readonly puts: Put[]
  /** Answers to be given, in this order, as the device's posts leave room: SOAP content of calls. */
  ask(serial: string, ...calls: string[]): void
  serve(path: string, bytes: Buffer, how?: { login?: string; cutAt?: number; digest?: boolean }): string
  /** Takes a PUT at this path; answers its URL. */
  receive(path: string, how?: { login?: string; digest?: boolean }): string
  /** The next answers to POSTs are this status with no body. */
  failNext(times: number, status?: number, headers?: Record<string, string>): void
  /** Refuses these content codings with 415. */
  refuseCodings(): void
  /** Answers the next TransferComplete with SOAP fault 8002. */
  refuseNextReport(): void
  /** The next authorized POSTs are challenged again with stale=true. */
  callStaleNext(times: number): void
  /** The next POST is answered with 307 (or this status) to this path or URL. */
  redirectNext(path: string, status?: number): void
  /** What every envelope's header says besides its ID. */
  header: string
  hold: boolean
  /** Resolves when no connection is open; never, when one is left. */
  hungUp(): Promise<void>
  /** Resolves with the first posts that satisfy the condition. */
  seen(condition: (posts: Post[]) => boolean): Promise<Post[]>
  close(): Promise<void>
}

/** What it answers to the calls of a device. */
const ANSWERS: Readonly<Record<string, string>> = {
  TransferComplete: '<cwmp:TransferCompleteResponse/>',
  AutonomousTransferComplete: '<cwmp:AutonomousTransferCompleteResponse/>',
  RequestDownload: '<cwmp:RequestDownloadResponse/>',
  DUStateChangeComplete: '<cwmp:DUStateChangeCompleteResponse/>',
  AutonomousDUStateChangeComplete: '<cwmp:AutonomousDUStateChangeCompleteResponse/>',
  Kicked: '<cwmp:KickedResponse><NextURL>/next.html</NextURL></cwmp:KickedResponse>',
  GetRPCMethods:
    '<cwmp:GetRPCMethodsResponse><MethodList soap-enc:arrayType="xsd:string[1]" xmlns:soap-enc="http://schemas.xmlsoap.org/soap/encoding/"><string>Inform</string></MethodList></cwmp:GetRPCMethodsResponse>',
}
const REALM = 'scripted'
let servers = 0

export async function startScriptedAcs(
  auth?: {
    scheme: 'basic' | 'digest' | 'digest-sha256' | 'digest-rfc2069'
    password(username: string): string | undefined
  },
  tls?: TlsOptions,
): Promise<ScriptedAcs> {
  servers += 1
  const nonce = `b7d1f0a2${servers}`
  const posts: Post[] = []
  const served: Served[] = []
  const calls = new Map<string, string[]>()
  const files = new Map<string, { bytes: Buffer; login?: string; cutAt?: number; digest?: boolean }>()
  const sessions = new Map<string, string>()
  const waiting = new Set<() => void>()
  let failures = 0
  let failStatus = 503
  let failHeaders: Record<string, string> = {}
  let refusesCodings = false
  let redirectStatus = 307
  const puts: Put[] = []
  const receivers = new Map<string, { login?: string; digest?: boolean }>()
  let refuseReport = false
  let stale = 0
  let redirect: string | undefined
  let connections = 0
  const acs = { hold: false, header: '' }

  const respond = (response: ServerResponse, status: number, body = '', headers: Record<string, string> = {}): void => {
    response.writeHead(status, { 'Content-Length': Buffer.byteLength(body), ...headers })
    response.end(body)
  }
  const enveloped = (id: string, content: string): string =>
    `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:cwmp="urn:dslforum-org:cwmp-1-2"><soapenv:Header><cwmp:ID soapenv:mustUnderstand="1">${id}</cwmp:ID>${acs.header}${acs.hold ? '<cwmp:HoldRequests>1</cwmp:HoldRequests>' : ''}</soapenv:Header><soapenv:Body>${content}</soapenv:Body></soapenv:Envelope>`
  const soap = (response: ServerResponse, id: string, content: string, headers: Record<string, string> = {}): void =>
    respond(response, 200, enveloped(id, content), { 'Content-Type': 'text/xml; charset=utf-8', ...headers })

  const answerPost = (request: IncomingMessage, response: ServerResponse, body: string): void => {
    if (refusesCodings && request.headers['content-encoding'] !== undefined) return respond(response, 415)
    if (failures > 0) {
      failures -= 1
      return respond(response, failStatus, '', failHeaders)
    }
    if (auth && stale > 0 && allowed(request, auth, nonce)) {
      stale -= 1
      return respond(response, 401, '', { 'WWW-Authenticate': `${challengeOf(auth.scheme, nonce)}, stale=true` })
    }
    if (auth && !allowed(request, auth, nonce)) {
      return respond(response, 401, '', { 'WWW-Authenticate': challengeOf(auth.scheme, nonce) })
    }
    if (redirect !== undefined) {
      const location = redirect
      redirect = undefined
      return respond(response, redirectStatus, '', { Location: location })
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
      const [, ...along] = body.split(/(?<=Envelope>)(?=<)/)
      const answers = [
        enveloped(id, '<cwmp:InformResponse><MaxEnvelopes>1</MaxEnvelopes></cwmp:InformResponse>'),
        ...along.map((one) => enveloped(/<cwmp:ID[^>]*>([^<]*)</.exec(one)?.[1] ?? '', ANSWERS[nameOf(one)] ?? '')),
      ]
      return respond(response, 200, answers.join(''), {
        'Content-Type': 'text/xml; charset=utf-8',
        'Set-Cookie': `sid=${sid}; Path=/; HttpOnly`,
      })
    }
    if (name in ANSWERS) {
      if (refuseReport) {
        refuseReport = false
        return soap(
          response,
          id,
          '<soapenv:Fault><faultcode>Server</faultcode><faultstring>CWMP fault</faultstring><detail><cwmp:Fault><FaultCode>8002</FaultCode><FaultString>later</FaultString></cwmp:Fault></detail></soapenv:Fault>',
        )
      }
      return soap(response, id, ANSWERS[name] ?? '')
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
      if (!allowed(request, { scheme, password: () => password }, nonce)) {
        return respond(response, 401, '', { 'WWW-Authenticate': challengeOf(scheme, nonce) })
      }
    }
    const from = Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0)
    const rest = file.bytes.subarray(from)
    response.writeHead(from > 0 ? 206 : 200, { 'Content-Length': rest.length, ETag: '"one"' })
    if (file.cutAt === undefined || from >= file.cutAt) return void response.end(rest)
    response.write(rest.subarray(0, file.cutAt), () => setTimeout(() => response.destroy(), 20))
  }

  const answerPut = (request: IncomingMessage, response: ServerResponse, body: Buffer): void => {
    const path = request.url ?? '/'
    const place = receivers.get(path)
    if (!place) return respond(response, 403)
    const scheme = place.digest ? 'digest' : 'basic'
    const [, password] = place.login?.split(':') ?? []
    if (place.login !== undefined && !allowed(request, { scheme, password: () => password }, nonce))
      return respond(response, 401, '', { 'WWW-Authenticate': challengeOf(scheme, nonce) })
    puts.push({ path, body, authorization: request.headers.authorization })
    respond(response, 201)
  }

  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.method === 'GET') return answerGet(request, response)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const bytes = Buffer.concat(chunks)
      if (request.method === 'PUT') return answerPut(request, response, bytes)
      const coding = request.headers['content-encoding']
      const body = (coding === 'gzip' ? gunzipSync(bytes) : coding === 'deflate' ? inflateSync(bytes) : bytes).toString(
        'utf8',
      )
      const connection = Number(Reflect.get(request.socket, 'number'))
      const { httpVersion, headers } = request
      posts.push({ name: nameOf(body), path: request.url ?? '', body, bytes, headers, connection, httpVersion })
      answerPost(request, response, body)
      for (const check of waiting) check()
    })
  }
  const server = tls ? createHttpsServer(tls, serve) : createHttpServer(serve)
  const open = new Set<unknown>()
  server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    connections += 1
    Reflect.set(socket, 'number', connections)
    open.add(socket)
    socket.on('close', () => {
      open.delete(socket)
      for (const check of waiting) check()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`

  return Object.assign(acs, {
    url: `${base}/acs`,
    posts,
    served,
    puts,
    receive: (path: string, how: { login?: string; digest?: boolean } = {}) => {
      receivers.set(path, how)
      return base + path
    },
    refuseCodings: () => {
      refusesCodings = true
    },
    ask: (serial: string, ...more: string[]) => void calls.set(serial, [...(calls.get(serial) ?? []), ...more]),
    serve: (path: string, bytes: Buffer, how: { login?: string; cutAt?: number; digest?: boolean } = {}) => {
      files.set(path, { bytes, ...how })
      return base + path
    },
    failNext: (times: number, status = 503, headers: Record<string, string> = {}) => {
      failures = times
      failStatus = status
      failHeaders = headers
    },
    refuseNextReport: () => {
      refuseReport = true
    },
    callStaleNext: (times: number) => {
      stale = times
    },
    redirectNext: (path: string, status = 307) => {
      redirect = path
      redirectStatus = status
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
  return /<[\w-]+:Body[^>]*>\s*(?:<!--.*?-->)?\s*<(?:[\w-]+:)?(\w+)/.exec(body)?.[1] ?? ''
}

type Scheme = 'basic' | 'digest' | 'digest-sha256' | 'digest-rfc2069'

function challengeOf(scheme: Scheme, nonce: string): string {
  if (scheme === 'basic') return `Basic realm="${REALM}"`
  if (scheme === 'digest-rfc2069') return `Digest realm="${REALM}", nonce="${nonce}"`
  const algorithm = scheme === 'digest-sha256' ? ', algorithm=SHA-256' : ''
  return `Digest realm="${REALM}", qop="auth,auth-int", nonce="${nonce}", opaque="xyz"${algorithm}`
}

function allowed(
  request: IncomingMessage,
  auth: { scheme: Scheme; password(username: string): string | undefined },
  nonce: string,
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
  const middle = auth.scheme === 'digest-rfc2069' ? nonce : `${nonce}:${field('nc')}:${field('cnonce')}:${field('qop')}`
  return password !== undefined && field('nonce') === nonce && field('response') === hash(`${ha1}:${middle}:${ha2}`)
}
