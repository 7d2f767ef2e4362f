/** One entry of an Inform's Event list (TR-069 A.3.3.1, table 40). */
export interface CpeEvent {
  readonly code: string
  readonly commandKey: string
}

/** Events a reboot discards. */
const LOST_ON_REBOOT = new Set(['1 BOOT', '4 VALUE CHANGE', '8 DIAGNOSTICS COMPLETE', '13 WAKEUP'])
const NEVER_REPEATED = new Set(['6 CONNECTION REQUEST'])

/** What the CPE still has to tell the ACS, kept by the rules of TR-069 3.7.1.5. */
export interface EventQueue {
  add(code: string, commandKey?: string): void
  waiting(): readonly CpeEvent[]
  /** The ACS answered the Inform that carried these; those that announce a call wait for its answer (TR-069 3.7.1.5, table 8). */
  informed(sent: readonly CpeEvent[], announcing: readonly CpeEvent[]): void
  /** The session that carried these failed before the ACS answered its Inform. */
  failed(sent: readonly CpeEvent[]): void
  /** The ACS answered the call these announced; `others` are those of calls that still wait for their answer. */
  answered(announced: readonly CpeEvent[], others: readonly CpeEvent[]): void
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
    informed: (sent, announcing) => {
      const held = ({ code, commandKey }: CpeEvent): boolean =>
        announcing.some((one) => one.code === code && one.commandKey === commandKey)
      events = events.filter((event) => !sent.includes(event) || held(event))
    },
    failed: (sent) => {
      events = events.filter((event) => !sent.includes(event) || !NEVER_REPEATED.has(event.code))
    },
    answered: (announced, others) => {
      for (const { code, commandKey } of announced) {
        const cumulative = code.startsWith('M ')
        if (!cumulative && others.some((other) => other.code === code)) continue
        const at = events.findIndex((event) => event.code === code && event.commandKey === commandKey)
        if (at >= 0) events.splice(at, 1)
      }
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
