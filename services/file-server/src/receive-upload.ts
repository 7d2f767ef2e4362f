import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Bus } from '@sluice/bus'
import { uploadReceived } from '@sluice/contracts'
import { readUpload } from '@sluice/firmware'
import { ImageStoreError, type UploadStore } from '@sluice/image-store'
import type { Clock, Ids, Log } from '@sluice/runtime'
import type { Admission } from './admission.ts'
import type { Authenticator } from './authenticate.ts'
import { LOG, METRICS } from './observability.ts'

export interface ReceiveParts {
  readonly uploads: UploadStore
  readonly maxUploadBytes: number
  readonly bus: Bus
  readonly ids: Ids
  readonly admission: Admission
  readonly authenticator: Authenticator
  readonly keys: readonly Uint8Array[]
  readonly clock: Clock
  readonly log: Log
}

const RETRY_AFTER_S = '30'

/** Whether a request is for the place where devices put files: `/u/<uploadId>/<token>/<file name>`. */
export function isUpload(url: string): boolean {
  return placeOf(url) !== null
}

/**
 * Takes what a device uploads (TR-069 A.4.1.5; PUT, or POST as some do): granted, authenticated, admitted, stored
 * whole, told. Answered only once the bus has it: the device will not send it again.
 */
export async function receiveUpload(
  request: IncomingMessage,
  response: ServerResponse,
  parts: ReceiveParts,
): Promise<void> {
  if (request.method !== 'PUT' && request.method !== 'POST') return answer(response, 405, { allow: 'PUT, POST' })
  const place = placeOf(request.url ?? '')
  if (place === null) return answer(response, 404)
  const read = readUpload(place.uploadId, place.token, parts.keys, Math.floor(parts.clock.now() / 1_000))
  if (read.kind === 'refused') return answer(response, read.code === 'expired' ? 403 : 404)
  const { uploadId } = read.right

  const { method, headers } = request
  const said = { method, authorization: headers.authorization, attemptId: uploadId, password: read.password }
  const who = parts.authenticator.check(said)
  if (who.kind !== 'passed') return answer(response, 401, { 'www-authenticate': who.header })
  if (Number(headers['content-length'] ?? 0) > parts.maxUploadBytes) return answer(response, 413)

  const leave = parts.admission.enter(uploadId)
  if (leave === null) return answer(response, 503, { 'retry-after': RETRY_AFTER_S })
  try {
    const stored = await parts.uploads.put(uploadId, request.iterator({ destroyOnReturn: false }), parts.maxUploadBytes)
    if (stored.kind === 'too_large') return answer(response, 413)
    // A device that repeats itself, or somebody else who saw where it was put: the first one stays, and is what is told
    // (once more, lest it was not heard).
    const { size: bytes, sha256 } = stored
    const at = new Date(parts.clock.now()).toISOString()
    await parts.bus.publish(uploadReceived, [
      { id: parts.ids.event(), key: uploadId, data: { uploadId, bytes, sha256, at } },
    ])
    if (stored.kind === 'taken') {
      parts.log.warn({ upload_id: uploadId }, LOG.uploadRefused)
      return answer(response, 409)
    }
    METRICS.uploaded.add(bytes)
    parts.log.info({ upload_id: uploadId, bytes }, LOG.uploadReceived)
    answer(response, 201, {}, 'keep')
  } catch (error) {
    if (!(error instanceof ImageStoreError && error.code === 'source_failed')) throw error
    parts.log.info({ upload_id: uploadId }, LOG.uploadBrokeOff)
    response.destroy()
  } finally {
    leave()
  }
}

function placeOf(url: string): { uploadId: string; token: string } | null {
  const match =
    /^(?:https?:\/\/[^/?#]{1,255})?\/u\/((?:tsk_|bk)[0-9A-Z]{26})\/([A-Za-z0-9_-]{1,64})(?:\/[^/?#]{1,255})?$/.exec(url)
  return match === null ? null : { uploadId: match[1]!, token: match[2]! }
}

/** Who is refused may still be sending: the connection goes with the answer. */
function answer(
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
  connection: 'keep' | 'close' = 'close',
): void {
  const closing = connection === 'close' ? { connection: 'close' } : {}
  response.writeHead(status, { 'cache-control': 'no-store', ...headers, ...closing, 'content-length': 0 }).end()
}
