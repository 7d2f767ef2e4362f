import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type Answer, readAnswers } from './read-answers.ts'

/** How it went with one request, or with what looked like one. */
export interface Outcome {
  readonly answers: readonly Answer[]
  readonly ended: boolean
  /** Until the first answer, or the end. */
  readonly ms: number
  /** On this connection came more than was asked for, before this. */
  readonly unasked?: boolean
}

export interface Line {
  /** Sends this and waits for one answer, the end of the connection, or until patience ends. */
  exchange(bytes: Buffer): Promise<Outcome>
  close(): void
}

/** Longer than the gateway waits for anything it leans on. */
const PATIENCE_MS = 15_000

/** A connection that stays open as long as the server lets it, and is then opened anew. */
export function openLine(port: number): Line {
  let socket: Socket | null = null
  let isTalking = false
  let unasked = false
  const hangUp = () => {
    socket?.destroy()
    socket = null
  }
  return {
    async exchange(bytes) {
      if (socket === null) {
        const opened = await open(port)
        opened.on('data', () => (unasked ||= !isTalking))
        opened.on('end', () => {
          if (!isTalking && opened === socket) hangUp()
        })
        socket = opened
      }
      isTalking = true
      const outcome = await converse(socket, bytes, { patienceMs: PATIENCE_MS, until: 'answered' })
      isTalking = false
      const isOver = outcome.ended || outcome.answers.some(({ head }) => /\r\nconnection: *close/i.test(head))
      if (isOver || outcome.answers.length === 0) hangUp()
      const result = { ...outcome, unasked }
      unasked = false
      return result
    },
    close: hangUp,
  }
}

/** What a sender does that does not say the truth about its length: hangs up, sooner or later, or says no more. */
export type Manner = 'ends_at_once' | 'ends_soon' | 'stays'

const SOON_MS = 30

/** On a connection of its own, until that has ended or the server's patience must have. */
export async function tellLie(port: number, bytes: Buffer, manner: Manner, patienceMs: number): Promise<Outcome> {
  const socket = await open(port)
  if (manner === 'ends_soon') setTimeout(() => socket.end(), SOON_MS)
  const talk = converse(socket, bytes, { patienceMs, until: 'ended' })
  if (manner === 'ends_at_once') socket.end()
  const outcome = await talk
  socket.destroy()
  return outcome
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true })
  // What is reset has ended.
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

function converse(
  socket: Socket,
  bytes: Buffer,
  { patienceMs, until }: { readonly patienceMs: number; readonly until: 'answered' | 'ended' },
): Promise<Outcome> {
  const startedAt = performance.now()
  return new Promise((resolve) => {
    let received = ''
    let firstAt = 0
    const settle = (ended: boolean) => {
      clearTimeout(timer)
      socket.off('data', hear).off('end', end).off('close', end)
      resolve({ answers: readAnswers(received).answers, ended, ms: (firstAt || performance.now()) - startedAt })
    }
    const end = () => settle(true)
    const hear = (chunk: Buffer) => {
      received += chunk.toString('latin1')
      if (readAnswers(received).answers.length === 0) return
      firstAt ||= performance.now()
      if (until === 'answered') settle(false)
    }
    const timer = setTimeout(() => settle(false), patienceMs)
    socket.on('data', hear).on('end', end).on('close', end)
    socket.write(bytes)
  })
}
