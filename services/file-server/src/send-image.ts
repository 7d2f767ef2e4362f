import type { ServerResponse } from 'node:http'
import type { DownloadGrant } from '@sluice/firmware'
import type { Image } from './image-memory.ts'
import type { Pacer } from './pacer.ts'
import { PIECE_BYTES, type PieceCache } from './piece-cache.ts'
import type { Plan } from './plan-answer.ts'
import { sendBytes } from './send-bytes.ts'
import type { TransferTeller } from './tell-transfers.ts'

export interface SendParts {
  readonly pieces: PieceCache
  readonly pacer: Pacer
  readonly teller: TransferTeller
}

/** Sends what was planned, at the pace there is. False: the image is not there, and nothing was answered. */
export async function sendImage(
  response: ServerResponse,
  grant: DownloadGrant,
  image: Image,
  plan: Extract<Plan, { kind: 'bytes' }>,
  { pieces, pacer, teller }: SendParts,
): Promise<boolean> {
  const read = readerOf(response, image, pieces)
  // Before the head: once that is out, only the connection can say that the bytes cannot be had.
  if ((await read(Math.floor(plan.first / PIECE_BYTES))) === null) return false
  response.writeHead(plan.status, plan.headers)
  teller.vouched(grant, plan.vouchedFor)
  let at = plan.first
  await sendBytes(piecesOf(image, plan, read, pacer), response, (bytes) => {
    teller.served(grant, image.size, { from: at, to: at + bytes })
    at += bytes
  })
  return true
}

type ReadPiece = (index: number) => Promise<Uint8Array | null>

/** Throws where a connection is closed as idle while it is the store that is waited for: nobody waits on, nor is to blame. */
function readerOf(response: ServerResponse, image: Image, pieces: PieceCache): ReadPiece {
  const tooLate = Promise.withResolvers<never>()
  tooLate.promise.catch(() => undefined)
  let isReading = false
  response.on('timeout', () => {
    if (isReading) tooLate.reject(new Error(`${image.sha256} was not read in time`))
  })
  return async (index) => {
    isReading = true
    try {
      return await Promise.race([pieces.piece(image, index), tooLate.promise])
    } finally {
      isReading = false
    }
  }
}

async function* piecesOf(
  image: Image,
  { first, last }: { readonly first: number; readonly last: number },
  read: ReadPiece,
  pacer: Pacer,
): AsyncGenerator<Uint8Array> {
  const mayGo = pacer.join?.()
  let at = first
  while (at <= last) {
    const piece = await read(Math.floor(at / PIECE_BYTES))
    if (piece === null) throw new Error(`${image.sha256} has gone`)
    const from = at % PIECE_BYTES
    const bytes = piece.subarray(from, Math.min(piece.length, from + pacer.pieceBytes, from + last + 1 - at))
    await mayGo?.(bytes.length)
    yield bytes
    at += bytes.length
  }
}
