import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ObservedFact, upgradeTraceparent } from '@sluice/contracts'
import { readGrant, type DownloadGrant } from '@sluice/firmware'
import type { ImageStore } from '@sluice/image-store'
import { type Clock, inSpan, type Log } from '@sluice/runtime'
import type { Admission } from './admission.ts'
import type { createAttemptMemories } from './attempt-memory.ts'
import type { Authenticator } from './authenticate.ts'
import type { DigestMemory } from './digest-memory.ts'
import { LOG, METRICS, SERVICE } from './observability.ts'
import { parseRange, type AskedRange } from './parse-range.ts'
import type { FactReporter } from './report-facts.ts'
import { sendBytes } from './send-bytes.ts'
import type { StoppedWork } from './stopped-work.ts'

export interface ServeParts {
  readonly images: ImageStore
  readonly digests: DigestMemory
  readonly stopped: StoppedWork
  readonly facts: FactReporter
  readonly admission: Admission
  readonly attempts: ReturnType<typeof createAttemptMemories>
  readonly authenticator: Authenticator
  /** The first mints, the others are still believed. */
  readonly keys: readonly Uint8Array[]
  readonly clock: Clock
  readonly log: Log
  /** Hears whose request it is, once its token was found genuine. */
  readonly onAttempt: (attemptId: string) => void
}

/** What is sent: the digest, and the size in bytes. */
interface Image {
  readonly sha256: string
  readonly size: number
}

type RefusalReason = Extract<ObservedFact, { kind: 'download_refused' }>['reason']

const RETRY_AFTER_S = '30'
const REFUSAL_TOLD_AGAIN_MS = 60_000

/** Answers one request for an image: granted, not stopped, authenticated, admitted; then the bytes. */
export async function serveImage(request: IncomingMessage, response: ServerResponse, parts: ServeParts): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, { allow: 'GET, HEAD' })
  const token = tokenOf(request.url ?? '')
  if (token === null) return answer(response, 404)
  const read = readGrant(token, parts.keys, Math.floor(parts.clock.now() / 1_000))
  // Nothing a forger says about an attempt is told on.
  if (read.kind === 'refused') return answer(response, 404)
  const { grant } = read
  parts.onAttempt(grant.attemptId)
  const refuse = (status: number, reason: RefusalReason, headers: Record<string, string> = {}) => {
    tellRefusal(grant, reason, parts)
    answer(response, status, headers)
  }
  if (read.kind === 'expired') return refuse(403, 'expired')

  const standing = parts.stopped.standingOf(grant.campaignMark, grant.artifactId)
  // What cannot be told must not count against the device: the same as being too busy.
  if (standing === 'unknown') return refuse(503, 'shedding', { 'retry-after': RETRY_AFTER_S })
  if (standing === 'stopped') return refuse(503, 'stopped', { 'retry-after': RETRY_AFTER_S })

  const { authorization } = request.headers
  const who = parts.authenticator.check({
    method: request.method,
    authorization,
    attemptId: grant.attemptId,
    password: read.password,
  })
  if (who.kind === 'challenge') return answer(response, 401, { 'www-authenticate': who.header })
  if (who.kind === 'wrong') return refuse(401, 'unauthorized', { 'www-authenticate': who.header })

  const leave = parts.admission.enter(grant.attemptId)
  if (leave === null) return refuse(503, 'shedding', { 'retry-after': RETRY_AFTER_S })
  METRICS.active.add(1)
  try {
    const image = await findImage(grant, parts)
    if (image === null) {
      parts.log.error({ artifact_id: grant.artifactId }, LOG.imageMissing)
      return refuse(503, 'shedding', { 'retry-after': RETRY_AFTER_S })
    }
    await inSpan(spanOf(grant), async (span) => {
      await sendImage(request, response, grant, image, parts)
      span.setAttribute('http.response.status_code', response.statusCode)
    })
  } finally {
    leave()
    METRICS.active.add(-1)
  }
}

async function findImage({ artifactId }: DownloadGrant, { digests, images }: ServeParts): Promise<Image | null> {
  const sha256 = await digests.digestOf(artifactId)
  const size = sha256 === null ? null : await images.size(sha256)
  return sha256 === null || size === null ? null : { sha256, size }
}

/** The transfer in the upgrade's own trace, as long as it takes. */
function spanOf({ upgradeId, attemptId }: DownloadGrant) {
  const attributes = { 'sluice.upgrade_id': upgradeId, 'sluice.attempt_id': attemptId }
  const traceparent = upgradeTraceparent(upgradeId)
  return { tracer: SERVICE, name: 'serve image', kind: 'server', traceparent, attributes } as const
}

async function sendImage(
  request: IncomingMessage,
  response: ServerResponse,
  grant: DownloadGrant,
  { sha256, size }: Image,
  parts: ServeParts,
): Promise<void> {
  const etag = `"${sha256}"`
  const asked = askedRange(request, etag, size)
  const headers: Record<string, string | number> = {
    'accept-ranges': 'bytes',
    etag,
    'content-type': 'application/octet-stream',
    // The same URL holds for one attempt alone, and the content must be fetched each time (TR-069 A.3.2.8).
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  }
  if (asked.kind === 'unsatisfiable') return answer(response, 416, { ...headers, 'content-range': `bytes */${size}` })
  const { first, last } = asked.kind === 'part' ? asked : { first: 0, last: size - 1 }
  headers['content-length'] = last - first + 1
  if (asked.kind === 'part') headers['content-range'] = `bytes ${first}-${last}/${size}`
  const status = asked.kind === 'part' ? 206 : 200
  if (request.method === 'HEAD') {
    response.writeHead(status, headers).end()
    return
  }

  const image = await parts.images.open(sha256, { first, last })
  if (image.kind === 'absent') return answer(response, 503, { 'retry-after': RETRY_AFTER_S })
  response.writeHead(status, headers)
  if (resumes(request, etag)) parts.attempts.of(grant.attemptId).held.add(0, first)
  let at = first
  await sendBytes(image.stream, response, (bytes) => {
    tellServed(grant, size, { from: at, to: at + bytes }, parts)
    at += bytes
  })
}

function askedRange(request: IncomingMessage, etag: string, size: number): AskedRange {
  // Ranges are defined for GET alone (RFC 9110 14.2).
  if (request.method !== 'GET') return { kind: 'whole' }
  const condition = request.headers['if-range']
  // A date never matches: an image has no date, it is its digest (RFC 9110 13.1.5).
  if (condition !== undefined && condition !== etag) return { kind: 'whole' }
  return parseRange(request.headers.range, size)
}

/**
 * Whether the device says that it holds all of this very image up to where it goes on: our own ETag in If-Range, and a
 * range without an end. That is how a transfer goes on at another replica, which cannot know of the first part. A range
 * alone says nothing of the kind: it may be a look at the end of the file, and a false last byte would have the machine
 * judge a device that has no image yet. Where it stays untold, TransferComplete and the version tell the same later.
 */
function resumes({ method, headers }: IncomingMessage, etag: string): boolean {
  return method === 'GET' && headers['if-range'] === etag && /^bytes=[ \t]*\d+-[ \t]*$/i.test(headers.range ?? '')
}

function tellServed(grant: DownloadGrant, size: number, piece: { from: number; to: number }, parts: ServeParts): void {
  METRICS.bytes.add(piece.to - piece.from)
  const memory = parts.attempts.of(grant.attemptId)
  memory.served.add(piece.from, piece.to)
  memory.held.add(piece.from, piece.to)
  const bytes = memory.served.total()
  if (!memory.firstByteTold) {
    memory.firstByteTold = true
    parts.facts.report(grant.upgradeId, { kind: 'first_byte_served', attemptId: grant.attemptId, bytes })
  }
  if (!memory.lastByteTold && memory.held.total() >= size) {
    memory.lastByteTold = true
    parts.facts.report(grant.upgradeId, { kind: 'last_byte_served', attemptId: grant.attemptId, bytes })
  }
}

/** A device that hammers is told about once a minute. */
function tellRefusal(grant: DownloadGrant, reason: RefusalReason, parts: ServeParts): void {
  METRICS.refusals.add(1, { reason })
  const { refusalToldAt } = parts.attempts.of(grant.attemptId)
  const now = parts.clock.now()
  if (now - (refusalToldAt.get(reason) ?? -Infinity) < REFUSAL_TOLD_AGAIN_MS) return
  refusalToldAt.set(reason, now)
  parts.facts.report(grant.upgradeId, { kind: 'download_refused', attemptId: grant.attemptId, reason })
}

/**
 * The token in `/f/<token>/<file name>`; the name is for the device alone, and none is given to who has no room for it.
 * Some CPE send the whole URL as the target, which a server must accept (RFC 9112 3.2.2).
 */
function tokenOf(url: string): string | null {
  return /^(?:https?:\/\/[^/?#]{1,255})?\/f\/([A-Za-z0-9_-]{1,256})(?:\/[^/?#]{1,255})?$/.exec(url)?.[1] ?? null
}

function answer(response: ServerResponse, status: number, headers: Record<string, string | number> = {}): void {
  response.writeHead(status, { 'cache-control': 'no-store', ...headers, 'content-length': 0 }).end()
}
