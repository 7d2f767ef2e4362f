/** TR-069 A.3.3.1. */
export interface Inform {
  readonly kind: 'inform'
  readonly deviceId: DeviceId
  /** In the order sent; empty with the warning `events_missing`. */
  readonly events: readonly InformEvent[]
  readonly maxEnvelopes: number
  /** RFC 3339 UTC; null where unknown or unreadable. A CPE's clock is never evidence. */
  readonly currentTime: string | null
  readonly retryCount: number
  /** Names may repeat (seen in the field); the first one counts. */
  readonly parameters: readonly ParameterValue[]
}

/** Trimmed; no control characters; oui and serialNumber not empty; at most 64 characters each. */
export interface DeviceId {
  readonly manufacturer: string
  readonly oui: string
  readonly productClass: string
  readonly serialNumber: string
}

export interface InformEvent {
  /** In the canonical form of TR-069 3.7.1.5, for example `1 BOOT` or `M Download`; as sent where unknown. */
  readonly code: string
  readonly commandKey: string
}

export interface ParameterValue {
  readonly name: string
  readonly value: string
  /** xsi:type without prefix (`string`, `unsignedInt`); null where not sent. */
  readonly type: string | null
}

export interface InformResponse {
  readonly kind: 'inform_response'
}
