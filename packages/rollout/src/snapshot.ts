/** Subscriber settings and provisioning marks as keyed digests. A null digest is unreadable or empty: unknown, never "preserved". */
export interface Snapshot {
  settings: Record<string, string | null>
  sentinels: Record<string, string | null>
  wanUp: boolean | null
}

export const nothingRead: Snapshot = { settings: {}, sentinels: {}, wanUp: null }
