import type { AcsMessage, CwmpVersion } from './message.ts'

export interface OutgoingEnvelope {
  /** null: no cwmp:ID header is written. */
  readonly id: string | null
  readonly cwmpVersion: CwmpVersion
  readonly message: AcsMessage
  /** Header UseCWMPVersion of an InformResponse (TR-069 3.4.7); only for CPE that sent SupportedCWMPVersions. */
  readonly useCwmpVersion?: string
  /** Some models cannot read a reply without an XML declaration, others none with one. Default false. */
  readonly xmlDeclaration?: boolean
}

/** The SOAP text of one message, to be sent as UTF-8. */
export function encodeEnvelope(_envelope: OutgoingEnvelope): string {
  throw new Error('not yet')
}
