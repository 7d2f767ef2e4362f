import { connect, type Socket } from 'node:net'
import type { Clock } from '@sluice/runtime'
import type { Target } from '../guard/resolve-target.ts'
import { type CpeResponse, MAX_RESPONSE_BYTES, readResponse } from './read-response.ts'

/** The way to one CPE: one connection after the other, never two at once. */
export interface HttpLine {
  /** Sends a request and reads the head of the answer; null where none can be had. */
  send(request: string): Promise<CpeResponse | null>
  close(): void
}

const BODY_WAIT_MS = 1_000

/**
 * Goes on with a connection while the CPE keeps it open and its answer has a length, else opens a new one: some close
 * after 401 without saying so. Ends with `signal`.
 */
export function openHttpLine(target: Target, parts: { readonly clock: Clock; readonly signal: AbortSignal }): HttpLine {
  const { clock, signal } = parts
  let socket: Socket | null = null
  signal.addEventListener('abort', () => socket?.destroy())

  const open = async (): Promise<Socket | null> => {
    const opening = connect({ host: target.address, port: target.port, family: target.family })
    socket = opening
    opening.on('error', () => undefined)
    const opened = Promise.withResolvers<boolean>()
    opening.once('connect', () => opened.resolve(true))
    opening.once('close', () => opened.resolve(false))
    return (await opened.promise) ? opening : null
  }
  const exchange = async (on: Socket, request: string): Promise<CpeResponse | null> => {
    on.write(request, 'latin1')
    const { response, isWhole } = await readFrom(on, clock)
    if (!isWhole || response?.keepsOpen !== true) {
      on.destroy()
      socket = null
    }
    return response
  }

  return {
    async send(request) {
      if (signal.aborted) return null
      const reused: Socket | null = socket
      if (reused !== null) {
        const response = reused.readyState !== 'open' ? null : await exchange(reused, request)
        if (response !== null || signal.aborted) return response
      }
      const opened = await open()
      return opened === null ? null : exchange(opened, request)
    },
    close: () => socket?.destroy(),
  }
}

interface Heard {
  readonly response: CpeResponse | null
  /** Its body has passed, too. */
  readonly isWhole: boolean
}

/** Takes bytes until the head is there and, for a moment, until the body has passed; at most 16 KiB. */
function readFrom(socket: Socket, clock: Clock): Promise<Heard> {
  return new Promise((resolve) => {
    const bytes = Buffer.alloc(MAX_RESPONSE_BYTES)
    let length = 0
    let response: CpeResponse | null = null
    let stopWaiting = (): void => {}

    const end = (isWhole: boolean): void => {
      stopWaiting()
      socket.off('data', take).off('close', closed).off('end', closed)
      resolve({ response, isWhole })
    }
    const isWhole = (): boolean => typeof response?.length === 'number' && response.length === length
    const take = (chunk: Buffer): void => {
      const from = Math.max(0, length - 3)
      length += chunk.copy(bytes, length)
      if (response === null) {
        const mayBeComplete = length === MAX_RESPONSE_BYTES || /\n\r?\n/.test(bytes.toString('latin1', from, length))
        if (!mayBeComplete) return
        const read = readResponse(bytes.subarray(0, length))
        if (read.kind === 'more') return
        if (read.kind === 'malformed') return end(false)
        response = read.response
        if (!response.keepsOpen || response.length === null || response.length < length) return end(false)
        stopWaiting = clock.after(BODY_WAIT_MS, () => end(false))
      }
      if (isWhole() || length === MAX_RESPONSE_BYTES) end(isWhole())
    }
    const closed = (): void => {
      if (response === null) {
        const read = readResponse(bytes.subarray(0, length), true)
        if (read.kind === 'response') response = read.response
      }
      end(false)
    }
    socket.on('data', take).on('close', closed).on('end', closed)
  })
}
