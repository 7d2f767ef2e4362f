/** One entry of an Inform's Event list (TR-069 A.3.3.1, table 40). */
export interface CpeEvent {
  readonly code: string
  readonly commandKey: string
}

/** Events that an InformResponse does not settle: they wait for TransferCompleteResponse (TR-069 3.7.1.5, table 8). */
const SETTLED_BY_TRANSFER_COMPLETE = new Set(['7 TRANSFER COMPLETE', 'M Download'])
/** Events a reboot discards. */
const LOST_ON_REBOOT = new Set(['1 BOOT', '4 VALUE CHANGE', '8 DIAGNOSTICS COMPLETE'])
const NEVER_REPEATED = new Set(['6 CONNECTION REQUEST'])

/** What the CPE still has to tell the ACS, kept by the rules of TR-069 3.7.1.5. */
export interface EventQueue {
  add(code: string, commandKey?: string): void
  waiting(): readonly CpeEvent[]
  /** The ACS answered the Inform that carried these. */
  informed(sent: readonly CpeEvent[]): void
  /** The session that carried these failed before the ACS answered its Inform. */
  failed(sent: readonly CpeEvent[]): void
  /** The ACS answered the TransferComplete of this key; `last` when no other waits to be told. */
  transferReported(commandKey: string, last: boolean): void
  rebooted(): void
  /** 0 BOOTSTRAP discards everything undelivered. */
  bootstrap(): void
}

export function createEventQueue(): EventQueue {
  let events: CpeEvent[] = []
  const add = (code: string, commandKey = ''): void => {
    const cumulative = code.startsWith('M ')
    if (!cumulative && events.some((event) => event.code === code)) return
    events.push({ code, commandKey })
  }
  return {
    add,
    waiting: () => [...events],
    informed: (sent) => {
      events = events.filter((event) => !sent.includes(event) || SETTLED_BY_TRANSFER_COMPLETE.has(event.code))
    },
    failed: (sent) => {
      events = events.filter((event) => !sent.includes(event) || !NEVER_REPEATED.has(event.code))
    },
    transferReported: (commandKey, last) => {
      const method = events.findIndex((event) => event.code === 'M Download' && event.commandKey === commandKey)
      if (method >= 0) events.splice(method, 1)
      if (last) events = events.filter((event) => event.code !== '7 TRANSFER COMPLETE')
    },
    rebooted: () => {
      events = events.filter((event) => !LOST_ON_REBOOT.has(event.code))
    },
    bootstrap: () => {
      events = []
      add('0 BOOTSTRAP')
    },
  }
}
