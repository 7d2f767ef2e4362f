import { factorySettings } from './create-cpe.ts'
import { forget, queueReport, type Cpe, type Obtained, type Transfer } from './cpe.ts'
import type { Faults } from './faults.ts'
import { obtainImage } from './obtain-image.ts'
import { isTooLate } from './wait-for-window.ts'

/** What an upgrade does to the device's power and line. */
export interface Power {
  wait(ms: number): Promise<void>
  after(ms: number, act: () => void): void
  /** Off once the session is over, then running `version`. The ACS is not contacted before `contact`. */
  reboot(version: string): Promise<void>
  /** The factory's settings, and 0 BOOTSTRAP instead of everything undelivered. */
  reset(): void
  /** Up and running: opens a session for the events that wait. */
  contact(): void
  /** Opens a session, and resolves when it is over. */
  contactOnce(): Promise<void>
  goSilent(): void
}

/** Steps 5 to 8 of the use case: download, validate, install, reboot, reconnect; and what can go wrong. */
export async function carryOut(cpe: Cpe, transfer: Transfer, power: Power): Promise<void> {
  if (!cpe.transfers.includes(transfer)) return
  if (cpe.settings.faults.goesSilentBeforeDownload) return power.goSilent()
  const obtained = transfer.obtained ?? (await obtainImage(cpe, transfer))
  if (obtained.kind === 'cancelled') return
  if (obtained.kind === 'failed') return reportFailure(cpe, transfer, obtained.fault, power)
  if (isTooLate(cpe, transfer)) return reportFailure(cpe, transfer, 9020, power)
  await install(cpe, transfer, obtained, power)
}

function reportFailure(cpe: Cpe, transfer: Transfer, fault: number, power: Power): void {
  forget(cpe, transfer)
  tell(cpe, transfer, fault, power)
  power.contact()
}

async function install(
  cpe: Cpe,
  transfer: Transfer,
  { header, faults }: Obtained & { kind: 'installable' },
  power: Power,
): Promise<void> {
  const old = cpe.model.software()
  transfer.state = 'applying'
  await power.wait(cpe.settings.flashMs)
  cpe.record({ what: 'flashed', commandKey: transfer.commandKey, version: header.version })
  if (faults.goesSilent) return power.goSilent()
  if (faults.transferCompleteBeforeReboot) {
    tell(cpe, transfer, 0, power)
    await power.contactOnce()
  }
  await power.reboot(header.version)
  forget(cpe, transfer)
  if (faults.fallsBackUnseen)
    return fallBack(cpe, old, power, () => {
      if (faults.fallsBackUnseen === 'claims_success') tell(cpe, transfer, 0, power)
    })
  cpe.outcome = 'running_new'
  if (faults.losesSettingsByReset) loseByReset(cpe, faults.losesSettingsByReset, power)
  else {
    if (faults.losesSettingsSilently) loseSilently(cpe)
    tell(cpe, transfer, 0, power)
  }
  if (faults.breaksService) breakService(cpe, faults.breaksService)
  for (let again = 0; again < (faults.rebootLoops ?? 0); again += 1) {
    await power.contactOnce()
    await power.reboot(header.version)
  }
  if (faults.fallsBackSeen) {
    await power.contactOnce()
    return fallBack(cpe, old, power)
  }
  power.contact()
}

/** TransferComplete, unless the ACS knows already; late where ordered. */
function tell(cpe: Cpe, transfer: Transfer, fault: number, power: Power): void {
  if (transfer.told) return
  transfer.told = true
  const delay = cpe.settings.faults.delaysTransferComplete
  if (delay === undefined) return queueReport(cpe, transfer, fault)
  power.after(delay, () => {
    queueReport(cpe, transfer, fault)
    power.contact()
  })
}

/** 8.a: the new version gives up and the old one boots again. */
async function fallBack(cpe: Cpe, old: string, power: Power, beforeContact?: () => void): Promise<void> {
  const from = cpe.model.software()
  await power.reboot(old)
  cpe.outcome = 'fell_back'
  cpe.record({ what: 'fell_back', from, to: old })
  beforeContact?.()
  power.contact()
}

/** 10.a: the settings are gone and 0 BOOTSTRAP says so; it discards the TransferComplete for good (TR-069 3.7.1.5, table 8). */
function loseByReset(cpe: Cpe, how: NonNullable<Faults['losesSettingsByReset']>, power: Power): void {
  cpe.settingsLost = true
  power.reset()
  cpe.record({ what: 'settings_lost', how: 'reset' })
  if (typeof how !== 'object') return
  power.after(how.regainAfterMs, () => {
    cpe.model.writeSettings(cpe.settings.subscriber)
    cpe.record({ what: 'settings_regained' })
    cpe.events.add('4 VALUE CHANGE')
    power.contact()
  })
}

function breakService(cpe: Cpe, { name, value }: NonNullable<Faults['breaksService']>): void {
  const parameter = cpe.model.parameter(name)
  if (parameter) parameter.value = value
  cpe.record({ what: 'service_broken', name })
}

function loseSilently(cpe: Cpe): void {
  cpe.settingsLost = true
  cpe.model.writeSettings({ ...cpe.model.readSettings(), ssid: factorySettings(cpe).ssid })
  cpe.record({ what: 'settings_lost', how: 'silently' })
}
