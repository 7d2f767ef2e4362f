import type { CwmpVersion, Envelope } from './message.ts'

/** The versions of the protocol this package speaks. Those from 1.2 on share one namespace (TR-069 A.6). */
export type ProtocolVersion = '1.0' | '1.1' | '1.2' | '1.3' | '1.4'

export type Negotiation =
  | {
      readonly kind: 'chosen'
      readonly version: ProtocolVersion
      /** For the envelopes of the whole session. */
      readonly namespace: CwmpVersion
      /** For the header UseCWMPVersion of the InformResponse; null where it must not be sent. */
      readonly useCwmpVersion: ProtocolVersion | null
    }
  /** None of the versions the CPE names is ours: fault 8006, and the session ends. */
  | { readonly kind: 'incompatible' }

const namespaces: ReadonlyMap<string, CwmpVersion> = new Map([
  ['1.0', '1.0'],
  ['1.1', '1.1'],
  ['1.2', '1.2'],
  ['1.3', '1.2'],
  ['1.4', '1.2'],
] satisfies [ProtocolVersion, CwmpVersion][])

const newestFirst: readonly ProtocolVersion[] = ['1.4', '1.3', '1.2', '1.1', '1.0']

/**
 * The version of a session, from the envelope of its Inform: the newest both sides speak, where the CPE names its
 * versions; else what its namespace says (TR-069 3.7.2.1, table 9).
 */
export function negotiateVersion(
  inform: Pick<Envelope, 'cwmpVersion' | 'sessionTimeoutSeconds' | 'supportedVersions'>,
): Negotiation {
  if (inform.supportedVersions.length === 0) {
    const version = inferVersion(inform)
    return { kind: 'chosen', version, namespace: inform.cwmpVersion, useCwmpVersion: null }
  }
  const version = newestFirst.find((ours) => inform.supportedVersions.includes(ours))
  if (version === undefined) return { kind: 'incompatible' }
  return { kind: 'chosen', version, namespace: namespaceOf(version), useCwmpVersion: version }
}

export function namespaceOf(version: ProtocolVersion): CwmpVersion {
  return namespaces.get(version) ?? '1.0'
}

/** Only the header SessionTimeout tells a CPE of 1.3 from one of 1.2. */
function inferVersion(inform: Pick<Envelope, 'cwmpVersion' | 'sessionTimeoutSeconds'>): ProtocolVersion {
  return inform.cwmpVersion === '1.2' && inform.sessionTimeoutSeconds !== null ? '1.3' : inform.cwmpVersion
}
