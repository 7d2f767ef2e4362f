import type { Clock } from '@sluice/runtime'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Tokens } from './tokens.ts'

export interface Admission {
  readonly tokens: Tokens
  readonly clock: Clock
  /** How long the body of a request may take; that of an upload may not stand still for as long. */
  readonly bodyMs: number
  readonly isOpen: (request: FastifyRequest) => boolean
  readonly isUpload: (request: FastifyRequest) => boolean
  readonly refuse: (reply: FastifyReply, code: 'unauthorized' | 'not_found', detail: string) => FastifyReply
}

/**
 * What every request passes before a byte of its body is read: the path is known, the token too, and the body comes in
 * time. Who is refused with a body still on its way loses the connection: Node would read it to its end, however slow.
 * Node's own `requestTimeout` holds for a whole server, uploads included, so the deadline is ours.
 */
export function admitRequests(app: FastifyInstance, admission: Admission): void {
  const { tokens, refuse } = admission
  app.decorateRequest('caller', '')
  app.addHook('onRequest', async (request, reply) => {
    endSlowBody(request, reply, admission)
    if (request.is404) return refuse(reply, 'not_found', 'there is no such path')
    if (admission.isOpen(request)) return
    const caller = tokens.nameOf(request.headers.authorization)
    if (caller !== undefined) return request.setDecorator('caller', caller)
    reply.header('www-authenticate', 'Bearer realm="sluice"')
    return refuse(reply, 'unauthorized', 'a known bearer token is needed')
  })
  app.addHook('onSend', async (request, reply) => {
    if (hasBody(request) && !request.raw.complete) reply.header('connection', 'close')
  })
}

/** Whose token came with an admitted request. */
export function callerOf(request: FastifyRequest): string {
  return request.getDecorator<string>('caller')
}

function endSlowBody(request: FastifyRequest, reply: FastifyReply, { clock, bodyMs, isUpload }: Admission): void {
  const { raw } = request
  if (!hasBody(request)) return
  const end = (): void => {
    if (raw.complete) return
    if (!reply.raw.headersSent) raw.socket.write('HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\r\n')
    raw.socket.destroySoon()
  }
  if (!isUpload(request)) return void raw.once('close', clock.after(bodyMs, end))

  // Not the socket's own time-out: that would also end who sent everything and waits for the answer.
  let seen = raw.socket.bytesRead
  const look = (): void => {
    if (raw.complete) return
    // Bytes that lie here unread are not the sender's delay.
    if (raw.socket.bytesRead === seen && raw.readableLength === 0) return end()
    seen = raw.socket.bytesRead
    cancel = clock.after(bodyMs, look)
  }
  let cancel = clock.after(bodyMs, look)
  raw.once('close', () => cancel())
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}
