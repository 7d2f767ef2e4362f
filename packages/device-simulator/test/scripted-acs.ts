import { createHash } from 'node:crypto'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { gunzipSync, inflateSync } from 'node:zlib'
import { type Scheme, allowed, challengeOf } from './scripted-auth.ts'
import { type Login, type Put, type Served, createScriptedFiles, respond } from './scripted-files.ts'

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

/** An ACS and file server that does what the test tells it and keeps all it sees. Knows nothing of the simulator. */
export interface ScriptedAcs {
  readonly url: string
  readonly posts: Post[]
  readonly served: Served[]
  /** Files that arrived whole. */
  readonly puts: Put[]
  /** Answers to be given, in this order, as the device's posts leave room: SOAP content of calls. */
  ask(serial: string, ...calls: string[]): void
  serve(path: string, bytes: Buffer, how?: Login & { cutAt?: number }): string
  /** Takes a PUT at this path; answers its URL. */
  receive(path: string, how?: Login): string
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
let servers = 0

export async function startScriptedAcs(
  auth?: {
    scheme: Scheme
    password(username: string): string | undefined
  },
  tls?: TlsOptions,
): Promise<ScriptedAcs> {
  servers += 1
  const nonce = `b7d1f0a2${servers}`
  const posts: Post[] = []
  const calls = new Map<string, string[]>()
  const files = createScriptedFiles(nonce)
  const sessions = new Map<string, string>()
  const waiting = new Set<() => void>()
  let failures = 0
  let failStatus = 503
  let failHeaders: Record<string, string> = {}
  let refusesCodings = false
  let redirectStatus = 307
  let refuseReport = false
  let stale = 0
  let redirect: string | undefined
  let connections = 0
  const acs = { hold: false, header: '' }

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

  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.method === 'GET') return files.answerGet(request, response)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const bytes = Buffer.concat(chunks)
      if (request.method === 'PUT') return files.answerPut(request, response, bytes)
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
    served: files.served,
    puts: files.puts,
    receive: (path: string, how: Login = {}) => base + files.receive(path, how),
    refuseCodings: () => {
      refusesCodings = true
    },
    ask: (serial: string, ...more: string[]) => void calls.set(serial, [...(calls.get(serial) ?? []), ...more]),
    serve: (path: string, bytes: Buffer, how: Login & { cutAt?: number } = {}) => base + files.serve(path, bytes, how),
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
