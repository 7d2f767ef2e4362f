import { ERROR_CODES, type ErrorCode, type Problem, traceIdOf } from '@sluice/contracts'
import { currentTraceparent } from '@sluice/runtime'

/** RFC 9457. The trace id is what an operator quotes to the SRE team. */
export function problemOf(code: ErrorCode, detail: string): Problem {
  const { status, meaning } = ERROR_CODES[code]
  const traceparent = currentTraceparent()
  return {
    type: `urn:sluice:error:${code}`,
    title: meaning,
    status,
    code,
    detail,
    ...(traceparent === undefined ? {} : { traceId: traceIdOf(traceparent) }),
  }
}
