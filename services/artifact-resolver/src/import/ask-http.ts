import { once } from 'node:events'
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'

export interface Asking {
  readonly headers?: Readonly<Record<string, string>>
  /** Absent: names are resolved as usual. */
  readonly lookup?: LookupFunction
  /** A connection on which nothing comes for this long is over, from its first packet to its last. */
  readonly idleMs: number
  readonly signal: AbortSignal
}

/** Nothing came for too long. */
export class Stalled extends Error {}
/** It talks, and says nothing that an answer is made of. */
class TooChatty extends Error {}

const MAX_HEAD_BYTES = 16_384
/** RFC 9110 15.2 has any number of them before the answer. */
const MAX_INTERIM_ANSWERS = 8

/** One GET on a connection of its own. Resolves to the answer with its body unread; whoever gets it reads or destroys it. */
export async function askHttp(url: URL, { headers, lookup, idleMs, signal }: Asking): Promise<IncomingMessage> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  const asked: ClientRequest = send(url, {
    // No pooled connection: it could have been opened under another guard.
    agent: false,
    headers: { 'accept-encoding': 'identity', 'user-agent': 'sluice', ...headers },
    maxHeaderSize: MAX_HEAD_BYTES,
    timeout: idleMs,
    signal,
    ...(lookup !== undefined && { lookup }),
  })
  let response: IncomingMessage | undefined
  let interim = 0
  asked.on('timeout', () => (response ?? asked).destroy(new Stalled(`nothing came for ${idleMs} ms`)))
  asked.on('information', () => {
    if (++interim > MAX_INTERIM_ANSWERS) asked.destroy(new TooChatty('interim answers without end'))
  })
  asked.end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  response = answer
  // The request tells of errors until the response is there; afterwards the response does.
  asked.on('error', () => undefined)
  return answer
}

/** Of an error of the connection, for whoever has to find out why: never the URL, which may hold a secret. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'error'
  return (error as NodeJS.ErrnoException).code ?? (error.message || error.name)
}
