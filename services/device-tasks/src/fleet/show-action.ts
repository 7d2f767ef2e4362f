import type { FleetAction, FleetTask } from '@sluice/contracts'
import { faultOfUrl, type Refusal, refusalOf } from '../call/check-call.ts'
import { showCall, withoutSecrets } from '../call/show-call.ts'

/** An action as it may be read back. */
export function showAction(action: FleetAction): FleetTask['action'] {
  const { kind, ...rest } = action
  return { kind, ...(action.kind === 'call' ? { call: showCall(action.call) } : withoutSecrets(rest)) }
}

export function refusalOfAction(action: FleetAction): Refusal | undefined {
  if (action.kind === 'call') return refusalOf(action.call)
  if (action.kind !== 'hand_over') return undefined
  const reason = faultOfUrl(action.url)
  return reason === undefined ? undefined : { code: 'invalid_request', detail: `action.url ${reason}` }
}
