import type { Cpe, DeviceOutcome } from './cpe.ts'
import { createDataModel } from './data-model.ts'
import { createEventQueue } from './event-queue.ts'
import type { Happening, RecordLine } from './record.ts'
import { retryWaitSeconds } from './retry-wait.ts'
import { seededRandom } from './seeded.ts'
import { holdSession } from './session.ts'
import { deviceNameOf, type DeviceSettings } from './settings.ts'
import { createTimers, TimersCleared } from './timers.ts'
import { carryOut, factorySettings, type Power } from './upgrade.ts'

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
  /** Opens a session for this event now. */
  inform(event?: string): void
  /** A power cut and back. */
  powerCycle(): void
  finalState(): DeviceState
  onRecord(listener: (line: RecordLine) => void): void
  /** Timers and sessions alive: zero after `stop`. */
  activity(): number
}

export function createDevice(settings: DeviceSettings): Device {
  const { identity } = settings
  const deviceName = deviceNameOf(identity)
  const random = seededRandom('device', settings.seed, deviceName)
  const timers = createTimers()
  const life = new AbortController()
  const listeners: ((line: RecordLine) => void)[] = []
  const informSeconds = Math.max(1, Math.round(settings.periodicInformMs / 1000 / settings.timeScale))
  const cpe: Cpe = {
    settings,
    deviceName,
    random,
    model: createDataModel({
      root: settings.root,
      identity,
      version: settings.version,
      acsUrl: settings.acsUrl,
      informSeconds,
      settings: settings.subscriber,
    }),
    events: createEventQueue(),
    downloadsReceived: new Map(),
    transfers: [],
    reports: [],
    asked: { reboots: [], factoryReset: false, informs: [] },
    outcome: 'untouched',
    settingsLost: false,
    messageCount: 0,
    record: (happening: Happening) => {
      const line = { at: new Date().toISOString(), serial: identity.serialNumber, deviceName, ...happening }
      for (const listener of listeners) listener(line)
    },
  }

  let on = false
  let stopping = false
  let session: Promise<void> | undefined
  let again = false
  let goingDown = false
  let retryCount = 0
  let retriesSinceBoot = 0
  let retry = { cancel: (): void => undefined }
  let periodic = { cancel: (): void => undefined }
  let periodicSeconds = 0
  let work: Promise<void> = Promise.resolve()
  const scheduledInforms = new Map<string, { cancel(): void }>()
  const scaled = (seconds: number): number => seconds * 1000 * settings.timeScale

  /** One after the other: downloads and reboots do not overlap. */
  const enqueue = (job: () => Promise<void>): void => {
    work = work.then(job).catch((error: unknown) => {
      if (!(error instanceof TimersCleared) && !stopping) cpe.record({ what: 'defect', reason: String(error) })
    })
  }

  const armPeriodic = (): void => {
    periodic.cancel()
    periodicSeconds = cpe.model.informInterval()
    const interval = periodicSeconds === informSeconds ? settings.periodicInformMs : scaled(periodicSeconds)
    periodic = timers.after(interval * (0.9 + 0.2 * random()), () => {
      const enabled = cpe.model.parameter(`${settings.root}.ManagementServer.PeriodicInformEnable`)?.value
      if (enabled === '1' || enabled === 'true') cpe.events.add('2 PERIODIC')
      armPeriodic()
      if (cpe.events.waiting().length > 0) contact()
    })
  }

  const contact = (): void => {
    if (stopping || life.signal.aborted || !on || goingDown) return
    if (session) again = true
    else session = runSession()
  }

  const runSession = async (): Promise<void> => {
    retry.cancel()
    again = false
    // Leaves the caller's stack first, so that `session` is set before anything here can end.
    await Promise.resolve()
    const end = await holdSession(cpe, retryCount, life.signal).catch((error: unknown) => {
      cpe.record({ what: 'defect', reason: String(error) })
      return { kind: 'failed', reason: 'defect' } as const
    })
    session = undefined
    if (life.signal.aborted) return
    if (end.kind === 'failed') {
      cpe.record({ what: 'session_failed', reason: end.reason })
      retryCount += 1
      retriesSinceBoot += 1
    } else retryCount = retriesSinceBoot = 0
    startWhatWasAsked()
    if (end.kind === 'failed' || end.refused) {
      retry = timers.after(scaled(retryWaitSeconds(Math.max(1, retriesSinceBoot), random)), contact)
    } else if (again || cpe.events.waiting().length > 0) contact()
  }

  const startWhatWasAsked = (): void => {
    const { asked } = cpe
    for (const transfer of cpe.transfers.filter(({ state }) => state === 'asked')) {
      transfer.state = 'planned'
      timers.after(scaled(transfer.delaySeconds), () => enqueue(() => carryOut(cpe, transfer, power)))
    }
    for (const { commandKey, delaySeconds } of asked.informs.splice(0)) {
      if (commandKey !== '') scheduledInforms.get(commandKey)?.cancel()
      const planned = timers.after(scaled(delaySeconds), () => {
        scheduledInforms.delete(commandKey)
        cpe.events.add('3 SCHEDULED')
        cpe.events.add('M ScheduleInform', commandKey)
        contact()
      })
      scheduledInforms.set(commandKey, planned)
    }
    if (asked.factoryReset || asked.reboots.length > 0) enqueue(rebootAsAsked)
    if (on && cpe.model.informInterval() !== periodicSeconds) armPeriodic()
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
      cpe.record({ what: 'settings_lost', how: 'factory_reset' })
    }
    for (const key of keys) cpe.events.add('M Reboot', key)
    contactAfterBoot()
  }

  const sessionOver = async (): Promise<void> => {
    while (session) await session
  }

  const contactAfterBoot = (): void => {
    on = true
    armPeriodic()
    contact()
  }

  const power: Power = {
    wait: (ms) => timers.wait(ms),
    after: (ms, act) => void timers.after(ms, act),
    reboot: async (version) => {
      // No session begins any more: on a busy machine the next one would always be there before the last one is over.
      goingDown = true
      await sessionOver()
      on = false
      goingDown = false
      periodic.cancel()
      retry.cancel()
      await timers.wait(settings.rebootMs)
      const changed = version !== cpe.model.software()
      cpe.model.software(version)
      retriesSinceBoot = 0
      cpe.events.rebooted()
      if (changed) cpe.events.add('4 VALUE CHANGE')
      cpe.events.add('1 BOOT')
      cpe.record({ what: 'booted', version })
    },
    reset: () => {
      cpe.model.writeSettings(factorySettings(cpe))
      cpe.reports = []
      cpe.events.bootstrap()
      cpe.events.add('1 BOOT')
    },
    contact: () => {
      if (!on) contactAfterBoot()
      else if (cpe.events.waiting().length > 0) contact()
    },
    contactOnce: async () => {
      power.contact()
      await sessionOver()
    },
    goSilent: () => {
      cpe.outcome = 'silent'
      cpe.record({ what: 'silent' })
      on = false
      life.abort()
      timers.clear()
    },
  }

  return {
    deviceName,
    settings,
    start: () => {
      timers.after(settings.startAfterMs, () => {
        cpe.record({ what: 'booted', version: settings.version })
        cpe.events.bootstrap()
        cpe.events.add('1 BOOT')
        contactAfterBoot()
      })
    },
    stop: async (drainMs = 1_000) => {
      stopping = true
      for (const transfer of cpe.transfers) transfer.abort.abort()
      const drained = timers.wait(drainMs).then(
        () => life.abort(),
        () => undefined,
      )
      await sessionOver()
      life.abort()
      timers.clear()
      await Promise.all([drained, work])
    },
    inform: (event = '2 PERIODIC') => {
      cpe.events.add(event)
      contact()
    },
    powerCycle: () =>
      enqueue(async () => {
        await power.reboot(cpe.model.software())
        contactAfterBoot()
      }),
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
    activity: () => timers.count() + (session ? 1 : 0),
  }
}
