import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Attempt } from './tell-transfers.ts'

/**
 * What nginx says back of a transfer that it was told to serve, so that nothing has to be remembered meanwhile, and
 * nobody else can say it. It is no right to anything.
 */
export interface Ticket extends Attempt {
  /** Of the whole image, in bytes. */
  readonly size: number
  /** Bytes from the first on that the device holds by its own word. */
  readonly vouchedFor: number
}

export interface TicketOffice {
  issue(ticket: Ticket): string
  /** Null: none of ours. */
  read(text: string): Ticket | null
}

export function createTicketOffice(keys: readonly [Uint8Array, ...Uint8Array[]]): TicketOffice {
  const own = keys.map((key) => createHmac('sha256', key).update('sluice transfer ticket').digest())
  const macOf = (body: string, key: Buffer) => createHmac('sha256', key).update(body).digest().subarray(0, 16)
  return {
    issue({ attemptId, upgradeId, size, vouchedFor }) {
      const body = `${attemptId}.${upgradeId}.${size}.${vouchedFor}`
      return `${body}.${macOf(body, own[0]!).toString('base64url')}`
    },
    read(text) {
      const match = /^((fw[0-9A-Z]{26})\.(upg_[0-9A-Z]{26})\.(\d{1,15})\.(\d{1,15}))\.([A-Za-z0-9_-]{22})$/.exec(text)
      if (match === null) return null
      const [, body = '', attemptId = '', upgradeId = '', size, vouchedFor, mac = ''] = match
      const said = Buffer.from(mac, 'base64url')
      if (!own.some((key) => timingSafeEqual(macOf(body, key), said))) return null
      return { attemptId, upgradeId, size: Number(size), vouchedFor: Number(vouchedFor) }
    },
  }
}
