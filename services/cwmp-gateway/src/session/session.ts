import type { AcsRequest, CwmpVersion, Download } from '@sluice/cwmp'
import { type ModelProfile, profileFor } from '@sluice/model-profiles'
import type { Progress } from '../tasks/task.ts'

/** What is remembered between two POSTs of a CPE, as plain JSON. Never a value of a parameter, never a secret. */
export interface Session {
  /** Names the session in events and logs; not its cookie. */
  readonly sessionId: string
  readonly deviceKey: string
  readonly model: DeviceModel
  readonly cwmpVersion: CwmpVersion
  /** Its Inform said 1 BOOT. */
  readonly booted: boolean
  readonly ttlMs: number
  /** Our request the CPE has not answered yet. */
  readonly outstanding: OutstandingCall | null
  readonly running: Progress | null
  /** What was begun in this session, so that nothing is begun twice in one. */
  readonly begun: readonly string[]
  /** Requests we have sent: a bound on what a CPE can make us do. */
  readonly calls: number
  /** The attempt whose Download this session wrote. */
  readonly offered: string | null
  /** The CPE broke the protocol: nothing of this session is answered any more but with 400. */
  readonly broken: boolean
}

export interface DeviceModel {
  readonly oui: string
  readonly productClass: string
  readonly hardwareVersion: string | null
  readonly softwareVersion: string | null
  readonly root: 'Device.' | 'InternetGatewayDevice.'
}

export interface OutstandingCall {
  /** Our cwmp:ID. */
  readonly id: string
  readonly kind: Call['kind']
  /** As it may be sent once more; a Download never is, and holds a password besides. */
  readonly again: Exclude<Call, Download> | null
}

export type Call = Extract<
  AcsRequest,
  {
    kind: 'get_parameter_values' | 'download' | 'schedule_inform' | 'get_all_queued_transfers' | 'cancel_transfer'
  }
>

export const MAX_CALLS = 256

/** How to speak to this session's device. */
export function profileOf({ model }: Pick<Session, 'model'>, profiles: readonly ModelProfile[]): ModelProfile {
  const { oui, productClass, hardwareVersion, softwareVersion, root } = model
  return profileFor(profiles, {
    oui,
    productClass,
    root,
    hardwareVersion: hardwareVersion ?? undefined,
    softwareVersion: softwareVersion ?? undefined,
  })
}

/** Changes with the shape of Session. While gateways are replaced, some read what they do not know. */
const FORMAT = 2

export function writeSession(session: Session): string {
  return JSON.stringify({ format: FORMAT, session })
}

/** Null where a gateway of another version wrote it: the device begins anew. */
export function readSession(state: string): Session | null {
  const { format, session } = JSON.parse(state) as { format: unknown; session: Session }
  return format === FORMAT ? session : null
}
