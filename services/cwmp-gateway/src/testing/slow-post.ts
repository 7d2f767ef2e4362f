import { once } from 'node:events'
import { type ClientRequest, request } from 'node:http'
import { connect } from 'node:net'
import { waitUntil } from '@sluice/testbed'

/** A POST whose head a gateway has read, and whose body it waits for. */
export async function beginPost(port: number, bytes: number): Promise<ClientRequest> {
  const headers = { expect: '100-continue', 'content-length': bytes }
  const begun = request({ host: '127.0.0.1', port, method: 'POST', headers })
  begun.flushHeaders()
  await once(begun, 'continue')
  return begun
}

/** Until nobody listens there any more. */
export function untilRefused(port: number): Promise<void> {
  return waitUntil(async () => {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return false
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
    } finally {
      socket.destroy()
    }
  })
}
