import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { ExchangeError, type Exchange, type HttpAnswer } from './http-exchange.ts'

/** One HTTP/1.0 request on a connection of its own: no Host, no chunks, and the end of the answer is the end of the connection. */
export function exchangeByHttp10(order: Exchange): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const { url, signal } = order
    const body = order.body ?? Buffer.alloc(0)
    const secure = url.protocol === 'https:'
    const where = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || (secure ? 443 : 80)) }
    const socket: Socket = secure ? connectTls({ ...where, ...order.tls }) : connectTcp(where)
    const received: Buffer[] = []
    const fail = (failure: 'unreachable' | 'time_out', cause?: unknown): void => {
      reject(new ExchangeError(signal.aborted ? 'aborted' : failure, cause))
      socket.destroy()
    }
    const abort = (): void => fail('unreachable')
    signal.addEventListener('abort', abort, { once: true })
    socket.setTimeout(order.timeoutMs, () => fail('time_out'))
    socket.on('error', (error) => fail('unreachable', error))
    socket.on('data', (chunk: Buffer) => received.push(chunk))
    socket.on('close', () => {
      signal.removeEventListener('abort', abort)
      const answer = readAnswer(Buffer.concat(received))
      if (answer) resolve(answer)
      else fail('unreachable')
    })
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      const fields = { ...order.headers, 'Content-Length': String(body.length) }
      const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
      socket.write(`${order.method} ${url.pathname}${url.search} HTTP/1.0\r\n${head.join('')}\r\n`)
      socket.write(body)
    })
  })
}

/** A server that answers HTTP/1.0 in the words of HTTP/1.1 must still say where its body ends, or close. */
function readAnswer(bytes: Buffer): HttpAnswer | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  const [first = '', ...lines] = bytes.subarray(0, Math.max(end, 0)).toString('latin1').split('\r\n')
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? 0)
  if (end < 0 || status === 0) return undefined
  const all = (name: string): string[] =>
    lines.flatMap((line) => {
      const at = line.indexOf(':')
      return line.slice(0, at).toLowerCase() === name ? [line.slice(at + 1).trim()] : []
    })
  const body = bytes.subarray(end + 4)
  const [length] = all('content-length')
  const [location] = all('location')
  const [retryAfter] = all('retry-after')
  return {
    status,
    headers: {
      ...(location !== undefined && { location }),
      ...(retryAfter !== undefined && { 'retry-after': retryAfter }),
    },
    challenges: all('www-authenticate'),
    cookies: all('set-cookie'),
    body: length === undefined ? body : body.subarray(0, Number(length)),
    complete: length === undefined || body.length >= Number(length),
  }
}
