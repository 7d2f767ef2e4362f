import type { ImageBehaviour } from './image.ts'
import { draw } from './seeded.ts'

/**
 * What a device does wrong, on order. Absent means: it behaves. Times are real milliseconds.
 * The numbers 6.a, 8.a and 10.a are the extensions of the firmware upgrade use case.
 */
export interface Faults {
  /** 6.a: rejects any image with this fault code (true: 9018), does not reboot. */
  readonly refusesImage?: boolean | number
  /** 8.a: the new version never contacts the ACS; the old one boots again. 'claims_success': and then reports TransferComplete 0. */
  readonly fallsBackUnseen?: boolean | 'claims_success'
  /** 8.a: the new version informs once, then the old one boots again. */
  readonly fallsBackSeen?: boolean
  /** 10.a: factory reset by the upgrade: 0 BOOTSTRAP, settings gone; the subscriber may put them back. */
  readonly losesSettingsByReset?: boolean | { readonly regainAfterMs: number }
  /** 10.a: the settings are at their factory values and no event says so. */
  readonly losesSettingsSilently?: boolean
  /** Never heard of again once the image is flashed. */
  readonly goesSilent?: boolean
  /** Accepts the Download and is never heard of again. */
  readonly goesSilentBeforeDownload?: boolean
  /** Reports each TransferComplete this many times more, as if no answer had come. */
  readonly repeatsTransferComplete?: number
  readonly delaysTransferComplete?: number
  readonly neverSendsTransferComplete?: boolean
  /** Reports success while the old version still runs, and reboots afterwards. */
  readonly transferCompleteBeforeReboot?: boolean
  /** Downloads during the session and reports in the same one, after its empty POST. */
  readonly transferCompleteInSameSession?: boolean
  /** Downloads and applies during the session: DownloadResponse says Status 0 and no TransferComplete follows. */
  readonly appliesInSession?: boolean
  /** TransferComplete and M Download carry an empty CommandKey. */
  readonly blanksCommandKey?: boolean
  readonly noCookie?: boolean
  readonly connectionPerPost?: boolean
  /** Cuts the connection instead of answering Download; and then performs the download, or has forgotten it. */
  readonly dropsAfterDownload?: 'performs' | 'forgets'
  /** Fault 9003 unless the arguments are exactly CommandKey, FileType, URL and DelaySeconds. */
  readonly minimalDownloadOnly?: boolean
  /** Fault 9003 unless all ten arguments are there. */
  readonly fullDownloadOnly?: boolean
  readonly badPassword?: boolean
  /** Starts every session with an empty POST (digest clients that probe). */
  readonly emptyPostFirst?: boolean
  readonly chunkedPosts?: boolean
  /** Answers CancelTransfer with 9021. */
  readonly refusesCancel?: boolean
  /** Methods this firmware does not know: fault 9000. */
  readonly lacksMethods?: readonly string[]
}

export type FaultName = keyof Faults

/** Every fault that can be ordered by its name alone, with what it then means. */
const ORDERED_BY_NAME: { readonly [Name in FaultName]-?: Faults[Name] } = {
  refusesImage: true,
  fallsBackUnseen: true,
  fallsBackSeen: true,
  losesSettingsByReset: true,
  losesSettingsSilently: true,
  goesSilent: true,
  goesSilentBeforeDownload: true,
  repeatsTransferComplete: 1,
  delaysTransferComplete: 5_000,
  neverSendsTransferComplete: true,
  transferCompleteBeforeReboot: true,
  transferCompleteInSameSession: true,
  appliesInSession: true,
  blanksCommandKey: true,
  noCookie: true,
  connectionPerPost: true,
  dropsAfterDownload: 'performs',
  minimalDownloadOnly: true,
  fullDownloadOnly: true,
  badPassword: true,
  emptyPostFirst: true,
  chunkedPosts: true,
  refusesCancel: true,
  lacksMethods: ['CancelTransfer', 'GetAllQueuedTransfers', 'ScheduleInform'],
}

export const faultNames = Object.keys(ORDERED_BY_NAME) as readonly FaultName[]

export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(ORDERED_BY_NAME, name)
}

/** The fault in its plain form. */
export function faultByName(name: FaultName): Faults {
  return { [name]: ORDERED_BY_NAME[name] }
}

/** How soon a device that a release reset is provisioned again, and its subscriber has typed the settings in. */
const REGAIN_MS = 2_000

/** Which fault of a bad release this device suffers: the same for the same (serial number, seed), whatever else happens. */
export function faultsOfImage(behaviour: ImageBehaviour | undefined, serialNumber: string, seed: number): Faults {
  if (!behaviour) return {}
  const shares: [number | undefined, Faults][] = [
    [behaviour.refuseShare, faultByName('refusesImage')],
    [behaviour.fallBackShare, faultByName('fallsBackUnseen')],
    [behaviour.loseSettingsShare, { losesSettingsByReset: { regainAfterMs: REGAIN_MS } }],
    [behaviour.silentShare, faultByName('goesSilent')],
  ]
  const lot = draw('image behaviour', serialNumber, seed)
  let upTo = 0
  for (const [share, faults] of shares) {
    upTo += Number(share ?? 0)
    if (lot < upTo) return faults
  }
  return {}
}
