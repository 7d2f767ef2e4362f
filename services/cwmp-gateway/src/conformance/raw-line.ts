import { once } from 'node:events'
import { connect } from 'node:net'

/** One HTTP response, as it came. Names of headers in lower case. */
export interface RawReply {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** One TCP connection, over which exactly these bytes go. */
export interface RawLine {
  send(bytes: string | Uint8Array): void
  /** The next response. Rejects one without Content-Length, and a connection that ends before it. */
  hear(): Promise<RawReply>
  ask(bytes: string | Uint8Array): Promise<RawReply>
  readonly closed: Promise<void>
  /** As a device does that is switched off. */
  drop(): void
}

export async function openRawLine(port: number): Promise<RawLine> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let heard = Buffer.alloc(0)
  let wake = () => {}
  let isOver = false
  const over = () => {
    isOver = true
    wake()
  }
  socket.on('data', (chunk: Buffer) => {
    heard = Buffer.concat([heard, chunk])
    wake()
  })
  socket.on('error', over)
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      over()
      resolve()
    })
  })
  await once(socket, 'connect')

  const line: RawLine = {
    send: (bytes) => void socket.write(bytes),
    async hear() {
      for (;;) {
        const found = responseIn(heard)
        if (found !== null) {
          heard = heard.subarray(found.length)
          return found.reply
        }
        if (isOver) throw new Error(`the connection ended after ${JSON.stringify(heard.toString())}`)
        await new Promise<void>((resolve) => (wake = resolve))
      }
    },
    ask(bytes) {
      line.send(bytes)
      return line.hear()
    },
    closed,
    drop: () => void socket.destroy(),
  }
  return line
}

function responseIn(bytes: Buffer): { readonly reply: RawReply; readonly length: number } | null {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return null
  const [statusLine = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const headers = new Map(lines.map((line) => split(line)))
  const length = headers.get('content-length')
  if (length === undefined) throw new Error(`no Content-Length: ${statusLine}`)
  const whole = end + 4 + Number(length)
  if (bytes.length < whole) return null
  const body = bytes.subarray(end + 4, whole).toString('utf8')
  return { reply: { status: Number(statusLine.split(' ')[1]), headers, body }, length: whole }
}

function split(line: string): [string, string] {
  const at = line.indexOf(':')
  return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()]
}

/** A POST of HTTP/1.1 with its length; `headers` as whole lines. */
export function rawPost(body: string | Uint8Array, ...headers: readonly string[]): Buffer {
  const bytes = Buffer.from(body as string)
  const head = ['POST /acs HTTP/1.1', 'Host: acs.example', `Content-Length: ${bytes.length}`, ...headers, '', '']
  return Buffer.concat([Buffer.from(head.join('\r\n'), 'latin1'), bytes])
}

/** The same in chunks of these sizes; what is left goes in the last one. */
export function chunkedPost(
  body: string | Uint8Array,
  sizes: readonly number[],
  ...headers: readonly string[]
): Buffer {
  const bytes = Buffer.from(body as string)
  const head = ['POST /acs HTTP/1.1', 'Host: acs.example', 'Transfer-Encoding: chunked', ...headers, '', '']
  const parts: Buffer[] = [Buffer.from(head.join('\r\n'), 'latin1')]
  let at = 0
  for (const size of [...sizes, bytes.length]) {
    const chunk = bytes.subarray(at, at + size)
    at += chunk.length
    if (chunk.length > 0) parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'))
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')])
}
