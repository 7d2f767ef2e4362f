import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DownloadGrant } from '@sluice/firmware'
import { COME_AGAIN } from './authorise.ts'
import type { Image } from './image-memory.ts'
import type { Plan } from './plan-answer.ts'
import { METRICS } from './observability.ts'
import type { TransferTeller } from './tell-transfers.ts'
import type { TicketOffice } from './transfer-ticket.ts'

export interface HandOverParts {
  readonly teller: TransferTeller
  readonly tickets: TicketOffice
  /** Of one transfer; 0: as fast as it goes. */
  readonly transferBytesPerSecond: number
}

/**
 * Has nginx send what was planned (deploy/nginx/files.conf): by digest, so that no token is part of what it looks up.
 * It reads the Range itself. The first byte is told here, since a transfer may take hours; how many bytes left, and
 * whether the last one did, is told when nginx says so (transfer-log.ts).
 */
export function handOver(
  response: ServerResponse,
  grant: DownloadGrant,
  image: Image,
  plan: Extract<Plan, { kind: 'bytes' }>,
  { teller, tickets, transferBytesPerSecond }: HandOverParts,
): void {
  teller.began(grant)
  METRICS.handedOver.add(1)
  const { attemptId, upgradeId } = grant
  // nginx heeds X-Accel-Redirect whatever the status. Who comes past it is not told that nothing is the image.
  const { status, headers } = COME_AGAIN
  response
    .writeHead(status, {
      ...headers,
      'x-accel-redirect': `/_images/${image.sha256}`,
      'x-sluice-ticket': tickets.issue({ attemptId, upgradeId, size: image.size, vouchedFor: plan.vouchedFor }),
      ...(transferBytesPerSecond === 0 ? {} : { 'x-accel-limit-rate': transferBytesPerSecond }),
      'content-type': 'application/octet-stream',
      'cache-control': 'no-store',
      'content-length': 0,
    })
    .end()
}

/**
 * What nginx would answer otherwise, after an internal redirect as well: preconditions that it judges by the date and
 * the tag of its own file, which are not the image's, and any Range but one that it reads as we do (rfc9110.test.ts has
 * the others). What is so asked is sent by ourselves.
 */
export function nginxWouldJudge({ headers }: IncomingMessage, { status }: Plan): boolean {
  if (headers['if-match'] !== undefined || headers['if-unmodified-since'] !== undefined) return true
  return headers.range !== undefined && !(status === 206 && PLAIN_RANGE.test(headers.range))
}

/** nginx counts to 2^63. */
const PLAIN_RANGE = /^bytes=(?:\d{1,18}-\d{0,18}|-\d{1,18})$/i

/** What nginx cannot do, and leaves to us to say, to the device and to the scheduler; null: nothing. */
export function shedByNginx({ headers }: IncomingMessage): 'limits' | 'image' | null {
  const said = headers['x-sluice-shed']
  if (said === undefined) return null
  return said === 'image' ? 'image' : 'limits'
}
