import { upgradeTraceparent } from '@sluice/contracts'
import type { HotRecord } from '@sluice/hot-store'
import type { InSpanOptions } from '@sluice/runtime'
import { SERVICE } from './observability.ts'
import type { Session } from './session/session.ts'
import { dueHints } from './tasks/due-hints.ts'

/** The span of one POST. What a device does while an upgrade waits for it or watches it joins that upgrade's one trace. */
export function postSpan(rpc: string, session: Session, { watch, tasks }: HotRecord, now: number): InSpanOptions {
  const [hint] = dueHints({ tasks }, now)
  const traceparent = watch?.traceparent ?? (hint === undefined ? undefined : upgradeTraceparent(hint.taskId))
  return {
    tracer: SERVICE,
    name: `cwmp ${rpc}`,
    kind: 'server',
    traceparent,
    attributes: {
      device_key: session.deviceKey,
      session_id: session.sessionId,
      rpc,
      ...(watch === null ? {} : { attempt_id: watch.attemptId }),
    },
  }
}
