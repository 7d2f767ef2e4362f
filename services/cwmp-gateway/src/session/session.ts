import type { AcsRequest, CwmpVersion } from '@sluice/cwmp'
import type { KnownModel } from '@sluice/model-profiles'
import type { Progress } from '../tasks/task.ts'

/**
 * What is remembered between two POSTs of a CPE, as plain JSON. Never a secret of ours, and of the device's parameters
 * only what an operator asked for, until all of it is there to be reported; settings that are kept or put back are sealed.
 */
export interface Session {
  /** Names the session in events and logs; not its cookie. */
  readonly sessionId: string
  readonly deviceKey: string
  readonly model: DeviceModel
  readonly cwmpVersion: CwmpVersion
  /** Its Inform said 1 BOOT. */
  readonly booted: boolean
  /** The events of an Inform that carried no version: reported once it is known. Null: it did, or it was asked for. */
  readonly unversioned: readonly { readonly code: string; readonly commandKey: string }[] | null
  /** The calls of ours its Inform says have ended (`M Upload` and the like), by their CommandKeys. */
  readonly methodKeys: readonly MethodKey[]
  /** It may be sent instance aliases (TR-069 3.6.1). */
  readonly takesAliases: boolean
  /** The credential it came with is not its own, or not yet: what begins a re-key. Null: its own, or none was asked. */
  readonly role: 'bootstrap' | 'pending' | null
  /** Which issue of a pending credential it came with. */
  readonly issueId: string | null
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
  /** An operator told it to restart or to transfer something: what it does after this session is not known before. */
  readonly sentAway: boolean
  /** It asked for a firmware image (RequestDownload): no hint has to wait for its time. */
  readonly wantsFirmware: boolean
  /** How often it said that it has nothing, after we had nothing. */
  readonly empties: number
  /** The CPE broke the protocol: nothing of this session is answered any more but with 400. */
  readonly broken: boolean
}

export interface MethodKey {
  readonly method: string
  readonly commandKey: string
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
  /** Its name on the wire. */
  readonly rpc: string
  /** As it may be sent once more: what changes the device never is, and may hold a password besides. */
  readonly again: Call | null
  /** An empty POST may still be a client's probe before its answer; where it cannot be asked again, it is waited for. */
  readonly mayWait: boolean
}

export type Call = AcsRequest

export const MAX_CALLS = 256

/** What profiles are matched on. */
export function knownModel({ model }: Pick<Session, 'model'>): KnownModel {
  const { oui, productClass, hardwareVersion, softwareVersion, root } = model
  return {
    oui,
    productClass,
    root,
    hardwareVersion: hardwareVersion ?? undefined,
    softwareVersion: softwareVersion ?? undefined,
  }
}

/** Changes with the shape of Session. While gateways are replaced, some read what they do not know. */
const FORMAT = 5

export function writeSession(session: Session): string {
  return JSON.stringify({ format: FORMAT, session })
}

/** Null where a gateway of another version wrote it: the device begins anew. */
export function readSession(state: string): Session | null {
  const { format, session } = JSON.parse(state) as { format: unknown; session: Session }
  return format === FORMAT ? session : null
}
