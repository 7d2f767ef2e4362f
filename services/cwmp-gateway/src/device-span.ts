import { upgradeTraceparent } from '@sluice/contracts'
import type { HotRecord } from '@sluice/hot-store'
import type { InSpanOptions } from '@sluice/runtime'
import { SERVICE } from './observability.ts'
import type { Session } from './session/session.ts'
import { dueHints } from './tasks/due-hints.ts'

/**
 * The span of one POST. All of a session are in one trace, whichever gateways answer them: its id follows from the
 * session's. What a device does while an upgrade waits for it or watches it joins that upgrade's one trace instead, and
 * links the session's.
 */
export function postSpan(rpc: string, session: Session, { watch, tasks }: HotRecord, now: number): InSpanOptions {
  const [hint] = dueHints({ tasks }, now)
  const own = upgradeTraceparent(session.sessionId)
  const upgrade = watch?.traceparent ?? (hint === undefined ? undefined : upgradeTraceparent(hint.taskId))
  return {
    tracer: SERVICE,
    name: `cwmp ${rpc}`,
    kind: 'server',
    traceparent: upgrade ?? own,
    ...(upgrade === undefined ? {} : { links: [own] }),
    attributes: {
      device_key: session.deviceKey,
      session_id: session.sessionId,
      rpc,
      ...(watch === null ? {} : { attempt_id: watch.attemptId }),
    },
  }
}
