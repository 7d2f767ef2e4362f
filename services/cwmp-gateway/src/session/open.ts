import type { InformedDevice } from '@sluice/contracts'
import { type AcsFault, type Envelope, type Inform, type InformResponse, negotiateVersion } from '@sluice/cwmp'
import type { KnownModel, ModelProfile } from '@sluice/model-profiles'
import { readInform } from './read-inform.ts'
import { knownModel, type Session } from './session.ts'

/** What an Inform begins: a session, and what the inventory learns. */
export interface Opening {
  readonly session: Session
  readonly profile: ModelProfile
  readonly informed: InformedDevice
  readonly reply: { readonly message: InformResponse | AcsFault; readonly useCwmpVersion?: string }
}

export interface OpeningInput {
  readonly envelope: Envelope
  readonly inform: Inform
  readonly deviceKey: string
  readonly sessionId: string
  readonly now: number
  readonly profileFor: (model: KnownModel) => ModelProfile
  /** Codes of what was tolerated in the POST. */
  readonly warnings: readonly string[]
}

/** TR-069 3.7.2.4: not less than 30 seconds. Longer, since a slow CPE costs us one key. */
const SESSION_MS = 60_000
/** What a CPE needs besides the time its model takes for an answer. */
const MARGIN_MS = 30_000
const LONGEST_SESSION_MS = 600_000

/** A session from its Inform (TR-069 3.7.2.1). Everything a CPE wrote is cut to its bound. */
export function openSession(input: OpeningInput): Opening {
  const { envelope, inform, deviceKey, sessionId, now, profileFor, warnings } = input
  const { model, takesAliases, ...rest } = readInform(inform)
  const profile = profileFor(knownModel({ model }))
  const negotiated = negotiateVersion(envelope)
  const session: Session = {
    sessionId,
    deviceKey,
    model,
    cwmpVersion: negotiated.kind === 'chosen' ? negotiated.namespace : envelope.cwmpVersion,
    booted: inform.events.some(({ code }) => code === '1 BOOT'),
    unversioned: model.softwareVersion === null ? rest.events : null,
    methodKeys: methodKeysIn(inform),
    takesAliases,
    role: null,
    issueId: null,
    ttlMs: sessionMs(envelope, profile),
    outstanding: null,
    running: null,
    begun: [],
    calls: 0,
    offered: null,
    sentAway: false,
    wantsFirmware: false,
    empties: 0,
    broken: false,
  }
  const informed: InformedDevice = {
    deviceKey,
    ...rest,
    ...(negotiated.kind === 'chosen' ? { cwmpVersion: negotiated.version } : {}),
    ...(warnings.length === 0 ? {} : { warnings: warnings.slice(0, 32) }),
    sessionId,
    at: new Date(now).toISOString(),
  }
  // TR-069 A.5: none of the versions it names is ours.
  if (negotiated.kind === 'incompatible') {
    return { session, profile, informed, reply: { message: { kind: 'acs_fault', code: 8006 } } }
  }
  const { useCwmpVersion } = negotiated
  const chosen = useCwmpVersion === null ? {} : { useCwmpVersion }
  return { session, profile, informed, reply: { message: { kind: 'inform_response' }, ...chosen } }
}

function methodKeysIn({ events }: Inform): Session['methodKeys'] {
  return events
    .filter(({ code, commandKey }) => code.startsWith('M ') && commandKey !== '' && commandKey.length <= 32)
    .slice(0, 8)
    .map(({ code, commandKey }) => ({ method: code.slice(2, 34), commandKey }))
}

function sessionMs({ sessionTimeoutSeconds }: Envelope, { answerMs }: ModelProfile): number {
  const wanted = Math.max((sessionTimeoutSeconds ?? 0) * 1_000, answerMs + MARGIN_MS, SESSION_MS)
  return Math.min(wanted, LONGEST_SESSION_MS)
}
