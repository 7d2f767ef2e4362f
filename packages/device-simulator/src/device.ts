import { changeUnits } from './change-units.ts'
import { changeValue } from './change-value.ts'
import { addReport, type DeviceOutcome, type Transfer } from './cpe.ts'
import { createCpe, firstContact, resetToFactory } from './create-cpe.ts'
import { createDueInforms } from './due-informs.ts'
import { createSessions } from './hold-sessions.ts'
import { createReach } from './reach/reach.ts'
import type { Happening, RecordLine } from './record.ts'
import { seededRandom } from './seeded.ts'
import { deviceNameOf, type DeviceSettings } from './settings.ts'
import { hearsConnectionRequests } from './standby.ts'
import { createTimers, TimersCleared } from './timers.ts'
import { transferFile } from './transfer-files.ts'
import type { Power } from './upgrade.ts'
import { untilWindow } from './wait-for-window.ts'
import { reportOf, type ReportOrder } from './write-reports.ts'

/** How a device ended, as it sees it itself: what a test compares with what the ACS believes. */
export interface DeviceState {
  readonly deviceName: string
  readonly serialNumber: string
  readonly version: string
  readonly outcomeAsDeviceSeesIt: DeviceOutcome
  /** SSID, user, password and provisioning code are the subscriber's at this moment. */
  readonly settingsIntact: boolean
  readonly downloadsReceivedByCommandKey: Readonly<Record<string, number>>
}

export interface Device {
  readonly deviceName: string
  readonly settings: DeviceSettings
  start(): void
  /** Lets a running session end (for up to `drainMs`), then cuts everything. No timer and no socket is left. */
  stop(drainMs?: number): Promise<void>
  /** Opens a session for this event now: any code, also `8 DIAGNOSTICS COMPLETE`, `14 HEARTBEAT` or `X 02A1B2 Smoke`. */
  inform(event?: string): void
  /** Opens a session to call the ACS, with the event that announces it. */
  send(report: ReportOrder): void
  /** A value changes by another hand than the ACS's; told as its Notification attribute says. False for a name there is not. */
  change(name: string, value: string): boolean
  /** The subscriber changes a value: false where the access list (or its nature) does not let them. */
  changeAsSubscriber(name: string, value: string): boolean
  /** A parameter's value as the device holds it, passwords included. */
  read(name: string): string | undefined
  /** Sends the values that wait for it, or these, as a UDP Lightweight Notification. */
  notifyLightly(names?: readonly string[]): Promise<void>
  /** Goes to sleep for this long (TR-069 Annex L), in real milliseconds. */
  standBy(ms: number): void
  /** The NAT in front of it gives it another UDP port. */
  rebind(): Promise<void>
  /** A power cut and back. */
  powerCycle(): void
  /** Everything but the firmware as from the factory, and 0 BOOTSTRAP, as by the button on its back. */
  factoryReset(): void
  finalState(): DeviceState
  onRecord(listener: (line: RecordLine) => void): void
  /** Timers and sessions alive: zero after `stop`. */
  activity(): number
}

const MAX_LOG_LINES = 200

export function createDevice(settings: DeviceSettings): Device {
  const { identity } = settings
  const deviceName = deviceNameOf(identity)
  const random = seededRandom('device', settings.seed, deviceName)
  const timers = createTimers()
  const life = new AbortController()
  const listeners: ((line: RecordLine) => void)[] = []
  const record = (happening: Happening): void => {
    const line = { at: new Date().toISOString(), serial: identity.serialNumber, deviceName, ...happening }
    cpe.log.push(`${line.at} ${line.what}`)
    if (cpe.log.length > MAX_LOG_LINES) cpe.log.shift()
    for (const listener of listeners) listener(line)
  }
  const cpe = createCpe({ settings, deviceName, random, record, wait: (ms) => timers.wait(ms) })

  let on = false
  let stopping = false
  let goingDown = false
  let work: Promise<void> = Promise.resolve()

  /** One after the other: downloads and reboots do not overlap. */
  const enqueue = (job: () => Promise<void>): void => {
    work = work.then(job).catch((error: unknown) => {
      if (!(error instanceof TimersCleared) && !stopping) record({ what: 'defect', reason: String(error) })
    })
  }

  const startWhatWasAsked = (): void => {
    const { asked } = cpe
    for (const transfer of cpe.transfers.filter(({ state }) => state === 'asked')) plan(transfer)
    for (const { commandKey, delaySeconds } of asked.informs.splice(0)) due.schedule(commandKey, delaySeconds)
    for (const { commandKey, operations } of asked.unitChanges.splice(0)) {
      enqueue(async () => {
        await changeUnits(cpe, commandKey, operations)
        sessions.contact()
      })
    }
    if (asked.otherAcs) firstContact(cpe)
    asked.otherAcs = false
    if (asked.crash) device.powerCycle()
    asked.crash = false
    if (asked.factoryReset || asked.reboots.length > 0) enqueue(rebootAsAsked)
    if (on) due.rearm()
    refreshReach()
  }

  const plan = (transfer: Transfer): void => {
    transfer.state = 'planned'
    void untilWindow(cpe, transfer).then(
      (open) => enqueue(() => transferFile(cpe, transfer, open, power)),
      () => undefined,
    )
  }

  const rebootAsAsked = async (): Promise<void> => {
    const { asked } = cpe
    const keys = asked.reboots.splice(0)
    const { factoryReset } = asked
    asked.factoryReset = false
    if (keys.length === 0 && !factoryReset) return
    await power.reboot(cpe.model.software())
    if (factoryReset) {
      power.reset()
      record({ what: 'settings_lost', how: 'factory_reset' })
    }
    for (const key of keys) cpe.events.add('M Reboot', key)
    contactAfterBoot()
  }

  const contactAfterBoot = (): void => {
    on = true
    cpe.bootedAt = Date.now()
    due.arm()
    sessions.contact()
  }

  const change = (name: string, value: string): void => {
    const telling = changeValue(cpe, name, value)
    if (telling.notifyLightly) void notifyLightly()
    if (!telling.inform) return
    cpe.events.add('4 VALUE CHANGE')
    sessions.contact()
  }

  const notifyLightly = async (names: readonly string[] = [...cpe.changedLightly]): Promise<void> => {
    for (const name of names) cpe.changedLightly.delete(name)
    if (names.length > 0 && on) await reach.notifyLightly(names)
  }

  const sessions = createSessions({
    cpe,
    timers,
    life: life.signal,
    may: () => on && !stopping && !goingDown && !due.asleep(),
    afterwards: startWhatWasAsked,
  })
  const due = createDueInforms(cpe, timers, () => sessions.contact())
  const reach = createReach({
    cpe,
    timers,
    change,
    awake: () => on && !goingDown && (!due.asleep() || hearsConnectionRequests(cpe)),
    inSession: () => sessions.running(),
    requested: () => {
      cpe.events.add('6 CONNECTION REQUEST')
      due.wake()
      sessions.contact()
    },
  })

  const refreshReach = (): void => {
    reach.refresh().catch((error: unknown) => record({ what: 'defect', reason: String(error) }))
  }

  const power: Power = {
    wait: (ms) => timers.wait(ms),
    after: (ms, act) => void timers.after(ms, act),
    reboot: async (version) => {
      // No session begins any more: on a busy machine the next one would always be there before the last one is over.
      goingDown = true
      await sessions.over()
      on = false
      goingDown = false
      due.stop()
      sessions.cancelRetry()
      await timers.wait(settings.rebootMs)
      const changed = version !== cpe.model.software()
      cpe.model.software(version)
      sessions.booted()
      cpe.events.rebooted()
      cpe.changed.clear()
      if (changed) cpe.events.add('4 VALUE CHANGE')
      cpe.events.add('1 BOOT')
      record({ what: 'booted', version })
    },
    reset: () => {
      resetToFactory(cpe)
      cpe.events.add('1 BOOT')
      refreshReach()
    },
    contact: () => {
      if (!on) contactAfterBoot()
      else if (cpe.events.waiting().length > 0) sessions.contact()
    },
    contactOnce: async () => {
      power.contact()
      await sessions.over()
    },
    goSilent: () => {
      cpe.outcome = 'silent'
      record({ what: 'silent' })
      on = false
      life.abort()
      timers.clear()
      void reach.close()
    },
  }

  const begin = async (): Promise<void> => {
    if (settings.listens) await reach.open()
    if (stopping) return
    record({ what: 'booted', version: settings.version })
    cpe.events.bootstrap()
    cpe.events.add('1 BOOT')
    contactAfterBoot()
  }

  const device: Device = {
    deviceName,
    settings,
    start: () => void timers.after(settings.startAfterMs, () => enqueue(begin)),
    stop: async (drainMs = 1_000) => {
      stopping = true
      for (const transfer of cpe.transfers) transfer.abort.abort()
      const drained = timers.wait(drainMs).then(
        () => life.abort(),
        () => undefined,
      )
      await sessions.over()
      life.abort()
      timers.clear()
      await Promise.all([drained, work])
      await reach.close()
    },
    inform: (event = '2 PERIODIC') => {
      cpe.events.add(event)
      sessions.contact()
    },
    send: (order) => {
      addReport(cpe, reportOf(order))
      sessions.contact()
    },
    change: (name, value) => {
      const known = cpe.model.parameter(name) !== undefined
      change(name, value)
      return known
    },
    changeAsSubscriber: (name, value) => {
      const parameter = cpe.model.parameter(name)
      if (!parameter?.writable || !parameter.accessList.includes('Subscriber')) return false
      change(name, value)
      return true
    },
    read: (name) => cpe.model.parameter(name)?.value,
    notifyLightly,
    standBy: (ms) => {
      if (on) due.sleep(ms)
    },
    rebind: () => reach.rebind(),
    powerCycle: () =>
      enqueue(async () => {
        await power.reboot(cpe.model.software())
        contactAfterBoot()
      }),
    factoryReset: () => {
      cpe.asked.factoryReset = true
      enqueue(rebootAsAsked)
    },
    finalState: () => {
      const lost = cpe.settingsLost && cpe.outcome === 'running_new'
      const now = cpe.model.readSettings()
      return {
        deviceName,
        serialNumber: identity.serialNumber,
        version: cpe.model.software(),
        outcomeAsDeviceSeesIt: lost ? 'running_new_settings_lost' : cpe.outcome,
        settingsIntact: JSON.stringify(now) === JSON.stringify({ ...now, ...settings.subscriber }),
        downloadsReceivedByCommandKey: Object.fromEntries(cpe.downloadsReceived),
      }
    },
    onRecord: (listener) => void listeners.push(listener),
    activity: () => timers.count() + (sessions.running() ? 1 : 0),
  }
  return device
}
