import type { IncomingMessage, ServerResponse } from 'node:http'
import { upgradeTraceparent } from '@sluice/contracts'
import type { DownloadGrant } from '@sluice/firmware'
import { inSpan, type Log } from '@sluice/runtime'
import type { Admission } from './admission.ts'
import { type Answer, authorise, type AuthoriseParts, COME_AGAIN } from './authorise.ts'
import { handOver, type HandOverParts, nginxWouldJudge, shedByNginx } from './hand-over.ts'
import type { ImageMemory } from './image-memory.ts'
import { LOG, METRICS, SERVICE } from './observability.ts'
import { planAnswer } from './plan-answer.ts'
import { sendImage, type SendParts } from './send-image.ts'
import type { RefusalReason } from './tell-transfers.ts'

export interface ServeParts extends AuthoriseParts, SendParts {
  readonly memory: ImageMemory
  readonly admission: Admission
  /** Null: this process sends the bytes itself. Else nginx does, and counts who is served. */
  readonly nginx: HandOverParts | null
  readonly log: Log
  /** Hears whose request it is, once its token was found genuine. */
  readonly onGenuine: (grant: DownloadGrant) => void
  /** Nginx answers with this status, and says how it ends. */
  readonly onHandedOver: (status: number) => void
}

/** Answers one request for an image: granted, not stopped, authenticated, admitted; then the bytes. */
export async function serveImage(request: IncomingMessage, response: ServerResponse, parts: ServeParts): Promise<void> {
  const right = authorise(request, parts)
  if (right.kind === 'stranger') return answer(response, right.answer)
  const { grant } = right
  parts.onGenuine(grant)
  const refuse = (how: Answer, reason: RefusalReason | null) => {
    if (reason !== null) parts.teller.refused(grant, reason)
    answer(response, how)
  }
  const refuseMissing = () => {
    parts.log.error({ artifact_id: grant.artifactId }, LOG.imageMissing)
    refuse(COME_AGAIN, 'shedding')
  }
  if (right.kind === 'refused') return refuse(right.answer, right.reason)
  const shed = parts.nginx === null ? null : shedByNginx(request)
  if (shed === 'image') return refuseMissing()
  if (shed === 'limits') return refuse(COME_AGAIN, 'shedding')

  const leave = parts.admission.enter(grant.attemptId)
  if (leave === null) return refuse(COME_AGAIN, 'shedding')
  METRICS.active.add(1)
  try {
    const status = await inSpan(spanOf(grant), async (span) => {
      const answered = await serveGranted(request, response, grant, parts)
      span.setAttribute('http.response.status_code', answered ?? COME_AGAIN.status)
      return answered
    })
    if (status === null) refuseMissing()
  } catch (error) {
    // A store that does not answer is no more the device's fault than one without the image.
    parts.teller.refused(grant, 'shedding')
    throw error
  } finally {
    leave()
    METRICS.active.add(-1)
  }
}

/** The status of the answer. Null: the image is not there, and nothing was answered. */
async function serveGranted(
  request: IncomingMessage,
  response: ServerResponse,
  grant: DownloadGrant,
  parts: ServeParts,
): Promise<number | null> {
  const image = await parts.memory.imageOf(grant.artifactId)
  if (image === null) return null
  const plan = planAnswer(request, image)
  if (request.headers.range !== undefined) METRICS.ranges.add(1, { answer: answerTo[plan.status] })
  if (plan.kind === 'head_alone') {
    response.writeHead(plan.status, plan.headers).end()
    return plan.status
  }
  if (parts.nginx === null || nginxWouldJudge(request, plan)) {
    return (await sendImage(response, grant, image, plan, parts)) ? plan.status : null
  }
  handOver(response, grant, image, plan, parts.nginx)
  parts.onHandedOver(plan.status)
  return plan.status
}

/** What a range came to, by status. */
const answerTo = { 200: 'whole', 206: 'part', 304: 'not_modified', 412: 'failed', 416: 'unsatisfiable' } as const

/** The transfer in the upgrade's own trace, as long as it takes. */
function spanOf({ upgradeId, attemptId }: DownloadGrant) {
  const attributes = { 'sluice.upgrade_id': upgradeId, 'sluice.attempt_id': attemptId }
  const traceparent = upgradeTraceparent(upgradeId)
  return { tracer: SERVICE, name: 'serve image', kind: 'server', traceparent, attributes } as const
}

function answer(response: ServerResponse, { status, headers }: Answer): void {
  response.writeHead(status, { 'cache-control': 'no-store', ...headers, 'content-length': 0 }).end()
}
