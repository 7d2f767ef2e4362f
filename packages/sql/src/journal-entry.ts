/** What a row of the journal is about; all optional, all searchable. */
export type JournalSubjects = {
  readonly campaignId?: string | undefined
  readonly upgradeId?: string | undefined
  readonly attemptId?: string | undefined
  readonly deviceKey?: string | undefined
}

type Common = JournalSubjects & {
  /** Epoch milliseconds. */
  readonly at: number
  /** Who did it: a service, a person, a device. */
  readonly actor: string
  /** The event's or message's name, or what the note says (`upgrade.state_changed`). */
  readonly kind: string
  /** Any JSON value. NUL and lone surrogates are replaced: no device may block the journal. */
  readonly data: unknown
  /** W3C trace context; its trace id becomes the row's `traceId`. */
  readonly traceparent?: string | undefined
}

/** A message taken from the bus; its id is taken once per journal. */
export type InEntry = Common & { readonly id: string }

/** An event to publish after the commit. `kind` is its name, `id` its message id, `key` the last part of its subject. */
export type OutEntry = Common & {
  readonly direction: 'out'
  readonly id: string
  readonly key: string
}

/** Only for the audit trail. */
export type NoteEntry = Common & { readonly direction: 'note' }

export type JournalEntry = OutEntry | NoteEntry

export type JournalRow = JournalSubjects & {
  readonly seq: number
  readonly at: number
  readonly direction: 'in' | 'out' | 'note'
  readonly actor: string
  readonly kind: string
  readonly data: unknown
  readonly id?: string
  readonly key?: string
  readonly traceId?: string
}

export type JournalFilter = JournalSubjects & {
  readonly afterSeq?: number | undefined
  /** 1 to 1000, 100 unless told. */
  readonly limit?: number | undefined
}

/** What the relay hands to the bus. */
export type OutgoingEvent = {
  readonly id: string
  readonly name: string
  readonly key: string
  readonly data: unknown
  readonly traceparent?: string
}
