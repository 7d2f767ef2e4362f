import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { Log } from '@sluice/runtime'
import { LOG, METRICS } from './observability.ts'
import type { TransferTeller } from './tell-transfers.ts'
import type { Ticket, TicketOffice } from './transfer-ticket.ts'

export interface TransferLog {
  readonly port: number
  close(): Promise<void>
}

/**
 * Hears from nginx how many bytes of each transfer left: its access log, one line to a datagram of syslog (RFC 3164).
 * Who knows no ticket says nothing. A datagram may be lost: the last byte then stays untold, until the device itself
 * reports (TransferComplete, its version).
 */
export async function openTransferLog(
  where: { readonly host: string; readonly port: number },
  parts: { readonly tickets: TicketOffice; readonly teller: TransferTeller; readonly log: Log },
): Promise<TransferLog> {
  const socket = createSocket({ type: where.host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 4 * 1024 * 1024 })
  socket.on('message', (datagram) => {
    const ended = readTransferLine(datagram.toString('latin1'), parts.tickets)
    if (ended === null) return METRICS.strangeLines.add(1)
    const { ticket, status, served } = ended
    parts.teller.vouched(ticket, ticket.vouchedFor)
    parts.teller.served(ticket, ticket.size, served)
    const bytes = served.to - served.from
    parts.log.info({ attempt_id: ticket.attemptId, status, bytes }, LOG.transferEnded)
  })
  socket.on('error', (error) => parts.log.warn({ err: error }, LOG.transferLogFailed))
  socket.bind(where.port, where.host)
  await once(socket, 'listening')
  return {
    port: socket.address().port,
    close: async () => {
      const closed = once(socket, 'close')
      socket.close()
      await closed
    },
  }
}

/** `<190>Nov 30 18:29:52 sluice: <ticket> <status> <bytes> <Content-Range, or ->`; null: none of ours. */
export function readTransferLine(
  line: string,
  tickets: TicketOffice,
): { ticket: Ticket; status: number; served: { from: number; to: number } } | null {
  const match =
    /^<\d{1,3}>[^<]{1,64} sluice: (\S{1,200}) (\d{3}) (\d{1,15}) (?:-|bytes (\d{1,15})-\d{1,15}\/\d{1,15})$/.exec(
      line.trimEnd(),
    )
  if (match === null) return null
  const [, said = '', status, bytes, first] = match
  const ticket = tickets.read(said)
  // The body of any other answer is not of the image.
  if (ticket === null || (status === '206') !== (first !== undefined)) return null
  const isImage = status === '200' || status === '206'
  const from = Math.min(Number(first ?? 0), ticket.size)
  const to = Math.min(from + (isImage ? Number(bytes) : 0), ticket.size)
  return { ticket, status: Number(status), served: { from, to } }
}
