import type { Faults } from '@sluice/device-simulator'

export interface Order {
  readonly faults: Faults
  /** What has to come of it, with the reason of a failure; several where that depends on who is faster. */
  readonly outcomes: readonly string[]
}

const order = (faults: Faults, ...outcomes: string[]): Order => ({ faults, outcomes })
const verified = (faults: Faults): Order => order(faults, 'verified')

/** Every way to misbehave that an upgrade meets, by the extensions of the use case. */
export const orders: readonly Order[] = [
  // 6.a: the image is refused.
  order({ refusesImage: true }, 'failed image_rejected'),
  order({ refusesImage: 9019 }, 'failed image_rejected'),
  // 8.a: the old version is back. Seen once, it is a matter of time whether it was verified before.
  order({ fallsBackUnseen: true }, 'rolled_back'),
  order({ fallsBackUnseen: 'claims_success' }, 'rolled_back'),
  order({ fallsBackSeen: true }, 'rolled_back', 'regressed'),
  // 10.a: the settings are gone.
  order({ losesSettingsByReset: true }, 'failed not_provisioned'),
  order({ losesSettingsByReset: { regainAfterMs: 1_000 } }, 'verified_config_lost'),
  order({ losesSettingsSilently: true }, 'verified_config_lost'),
  // Never heard of again.
  order({ goesSilent: true }, 'timed_out'),
  order({ goesSilentBeforeDownload: true }, 'timed_out'),
  // The new version is the evidence, whatever becomes of TransferComplete.
  verified({ repeatsTransferComplete: 2 }),
  verified({ delaysTransferComplete: 3_000 }),
  verified({ neverSendsTransferComplete: true }),
  verified({ transferCompleteBeforeReboot: true }),
  verified({ transferCompleteInSameSession: true }),
  verified({ appliesInSession: true }),
  verified({ blanksCommandKey: true }),
  // Clients as they are.
  verified({ connectionPerPost: true }),
  // Known by its user name alone, over any gateway and any connection.
  verified({ noCookie: true }),
  verified({ noCookie: true, connectionPerPost: true }),
  verified({ chunkedPosts: true, emptyPostFirst: true }),
  verified({ minimalDownloadOnly: true }),
  verified({ fullDownloadOnly: true }),
  verified({ lacksMethods: ['CancelTransfer', 'GetAllQueuedTransfers', 'ScheduleInform'] }),
  // The session dies before the answer to Download: in doubt. One does the work; one has never heard of it, each time.
  verified({ dropsAfterDownload: 'performs' }),
  order({ dropsAfterDownload: 'forgets' }, 'failed download_failed'),
]
