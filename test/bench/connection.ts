import { once } from 'node:events'
import { connect } from 'node:net'

export interface Answer {
  readonly status: number
  /** Status line and headers. */
  readonly head: string
  readonly bodyBytes: number
}

export interface Connection {
  /** Sends one request, as it stands, and waits for its answer. One at a time. */
  exchange(request: string): Promise<Answer>
  close(): void
}

/** HTTP/1.1 with nothing that costs: the driver shares the machine with what it measures. */
export async function openConnection(port: number): Promise<Connection> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  let received = ''
  let waiting: { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void } | undefined
  let trouble: Error | undefined

  // latin1: one character is one byte, so lengths are right.
  socket.setEncoding('latin1')
  socket.setTimeout(20_000, () => socket.destroy(new Error('no answer within 20 s')))
  socket.on('data', (chunk: string) => {
    received += chunk
    const answer = firstAnswer(received)
    if (answer === null || waiting === undefined) return
    received = ''
    const { resolve } = waiting
    waiting = undefined
    resolve(answer)
  })
  socket.on('error', (error) => (trouble = error))
  socket.on('close', () => {
    trouble ??= new Error('the server closed the connection')
    waiting?.reject(trouble)
  })
  await once(socket, 'connect')
  return {
    exchange: (request) =>
      new Promise((resolve, reject) => {
        if (trouble !== undefined) return reject(trouble)
        waiting = { resolve, reject }
        socket.write(request, 'latin1')
      }),
    close: () => socket.destroy(),
  }
}

/** Every server measured here states the length of its answers. */
function firstAnswer(text: string): Answer | null {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return null
  const head = text.slice(0, end)
  const bodyBytes = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
  if (text.length < end + 4 + bodyBytes) return null
  return { status: Number(head.slice(9, 12)), head, bodyBytes }
}
