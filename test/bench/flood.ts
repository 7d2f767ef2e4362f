import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { cpeOf, informOf } from './cpe.ts'
import { createSigner } from './sign-post.ts'

/** One way of handing a gateway more than it should hold. */
export interface Flood {
  readonly name: string
  /** Head without Authorization, and the body in pieces. */
  readonly post: Post
  /** With credentials that are right: what is refused then is refused for the body. */
  readonly signed: boolean
}

interface Post {
  readonly headers: string
  readonly pieces: () => Generator<Buffer | string>
}

/** What came back: statuses, or how the connection ended. */
export type FloodAnswers = Readonly<Record<string, number>>

const MEGABYTES = 40

export const floods: readonly Flood[] = [false, true].flatMap((signed) => {
  const who = signed ? 'with credentials' : 'without'
  return [
    { name: `${MEGABYTES} MB Inform, Content-Length, ${who}`, post: large('length'), signed },
    { name: `${MEGABYTES} MB Inform, chunked, ${who}`, post: large('chunked'), signed },
    { name: `gzip bomb of ${MEGABYTES} MB, ${who}`, post: bomb(MEGABYTES), signed },
    { name: `gzip bomb of 120 MB at the limit, ${who}`, post: bomb(120), signed },
  ]
})

/** So many at once, each on a connection of its own. */
export async function flood(port: number, { post, signed }: Flood, atOnce: number): Promise<FloodAnswers> {
  const authorization = signed ? createSigner(await challengeOf(port)) : null
  const heads = Array.from({ length: atOnce }, (_, index) => {
    const credentials = authorization?.sign(cpeOf(index)) ?? ''
    return `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml; charset=utf-8\r\n${post.headers}${credentials}\r\n`
  })
  const answers = await Promise.all(heads.map((head) => send(port, head, post.pieces())))
  const counts = new Map<string, number>()
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1)
  return Object.fromEntries(counts)
}

/** Pushes for as long as the server takes it, refused or not: status of the answer, or how it ended without one. */
function send(port: number, head: string, pieces: Generator<Buffer | string>): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    let heard = ''
    const end = (how: string) => {
      const status = /^HTTP\/1\.1 (\d{3})/.exec(heard)?.[1]
      resolve(status ?? how)
      socket.destroy()
    }
    const push = () => {
      for (let next = pieces.next(); next.done !== true; next = pieces.next()) if (!socket.write(next.value)) return
    }
    socket.setEncoding('latin1')
    // Who stops reading without an answer is waited for no longer.
    socket.setTimeout(3_000, () => end('silence'))
    socket.on('drain', push)
    socket.on('data', (chunk: string) => (heard += chunk))
    socket.on('error', () => end('reset'))
    socket.on('close', () => end('closed'))
    socket.write(head)
    push()
  })
}

function challengeOf(port: number): Promise<string> {
  const inform = informOf(cpeOf(0))
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port }, () => {
      socket.write(`POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${inform.length}\r\n\r\n${inform}`)
    })
    socket.setEncoding('latin1')
    socket.once('error', reject)
    socket.once('data', (head: string) => {
      resolve(head)
      socket.destroy()
    })
  })
}

/** A well-formed Inform of that size, made anew for each connection so that the driver need not hold it. */
function large(framing: 'length' | 'chunked'): Post {
  const [before = '', after = ''] = informOf(cpeOf(0)).split('</ParameterList>')
  const value = Buffer.alloc(65_536, 'x')
  const times = Math.ceil((MEGABYTES * 1_000_000) / value.length)
  const [open, close] = ['<ParameterValueStruct><Name>Device.X</Name><Value>', '</Value></ParameterValueStruct>']
  const head = before + open
  const tail = `${close}</ParameterList>${after}`
  if (framing === 'length') {
    return {
      headers: `Content-Length: ${head.length + times * value.length + tail.length}\r\n`,
      *pieces() {
        yield head
        for (let count = 0; count < times; count += 1) yield value
        yield tail
      },
    }
  }
  const chunk = (data: Buffer | string) => [`${data.length.toString(16)}\r\n`, data, '\r\n']
  return {
    headers: 'Transfer-Encoding: chunked\r\n',
    *pieces() {
      yield* chunk(head)
      for (let count = 0; count < times; count += 1) yield* chunk(value)
      yield* chunk(tail)
      yield '0\r\n\r\n'
    },
  }
}

/** Small as it travels: about a thousandth. */
function bomb(megabytes: number): Post {
  const [before = '', after = ''] = informOf(cpeOf(0)).split('</ParameterList>')
  const packed = gzipSync(
    Buffer.concat([Buffer.from(before), Buffer.alloc(megabytes * 1_000_000, ' '), Buffer.from(after)]),
  )
  return {
    headers: `Content-Encoding: gzip\r\nContent-Length: ${packed.length}\r\n`,
    *pieces() {
      yield packed
    },
  }
}
