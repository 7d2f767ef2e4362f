/** What happened, by the journals and by the devices themselves: all that a check may look at. */
export interface History {
  /** The scheduler's journal in the order of `seq`. */
  readonly rows: readonly JournalRow[]
  readonly chains: readonly Chain[]
  /** What each device wrote down, by its key, in the order it happened. */
  readonly devices: ReadonlyMap<string, readonly DeviceLine[]>
  /** What the API said last, after everything had come to rest. */
  readonly reported: Reported
  /**
   * How many rows of transactions that ran side by side may stand in another order than they were committed in:
   * 0 on the embedded database, which has one connection.
   */
  readonly underWay: number
  readonly capsOfAll: CapsOfAll
}

/** What the schedulers were told to allow over all campaigns together; what is absent has no such cap. */
export interface CapsOfAll {
  readonly inFlight?: number
  readonly unproven?: number
  readonly startsPerMinute?: number
  /** Of each site. */
  readonly perSiteInFlight?: number
}

export interface JournalRow {
  readonly seq: number
  readonly direction: string
  readonly at: number
  readonly actor: string
  readonly kind: string
  readonly campaignId: string | null
  readonly upgradeId: string | null
  readonly attemptId: string | null
  readonly deviceKey: string | null
  readonly data: unknown
}

/** One schema's hash chain: the columns of each row in the stored order, and the batches that seal them. */
export interface Chain {
  readonly schema: string
  readonly rows: ReadonlyMap<number, readonly unknown[]>
  readonly unsealed: readonly number[]
  readonly batches: readonly {
    readonly number: number
    readonly seqs: readonly number[]
    readonly previousHash: string
    readonly hash: string
    /** 2: over the hashes of its rows; 1, or absent: over the rows. */
    readonly format?: number
  }[]
}

/** One line of a simulated device's record. */
export interface DeviceLine {
  readonly at: string
  readonly deviceName: string
  readonly what: string
  readonly commandKey?: string
  readonly version?: string
  readonly method?: string
  readonly fault?: number
  readonly how?: string
  readonly reason?: string
  readonly dropped?: boolean
  readonly events?: readonly string[]
}

export interface Reported {
  readonly campaigns: readonly ReportedCampaign[]
  readonly upgrades: readonly ReportedUpgrade[]
  readonly artifacts: readonly ReportedArtifact[]
}

export interface ReportedCampaign {
  readonly campaignId: string
  readonly state: string
  readonly size: number
  readonly counters: Readonly<Record<string, number>>
  readonly outcomes: Readonly<Record<string, number>>
}

export interface ReportedUpgrade {
  readonly upgradeId: string
  readonly campaignId: string
  readonly state: string
  readonly artifactId: string
}

/** `size`: of the image, in bytes, once it was measured. */
export interface ReportedArtifact {
  readonly artifactId: string
  readonly size: number | null
}

/** A promise that was not kept, with what shows it. */
export interface Violation {
  readonly rule: string
  readonly detail: string
  readonly seq?: number
  /** Line by line, what was written down about it. */
  readonly story?: readonly string[]
}
