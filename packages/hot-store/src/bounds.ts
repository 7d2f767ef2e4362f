import { PLACEMENT_KEPT_MS } from '@sluice/contracts'

/** What a device can make the store keep. Sizes in bytes, durations in ms. */
export const bounds = {
  /** Of each kind, so that none takes the room of another. Calls: more than device-tasks lets wait for one device. */
  tasks: { upgrade: 16, check: 16, cancel: 16, call: 40 },
  /** Revisions of dropped tasks of each kind, remembered so that a late redelivery does not bring them back. */
  droppedTasks: 8,
  /** The answers to a call in several parts are in it until all are there. */
  stateBytes: 1_048_576,
  /**
   * A record is refreshed by every session, and by all that is placed on it: the hints of who stays away for longer are
   * put again meanwhile, as long as somebody waits for them.
   */
  recordTtlMs: PLACEMENT_KEPT_MS,
  /** By how much less it may be, so that not every session has to say so again. */
  recordSlackMs: 24 * 3_600_000,
  /** How long a forgotten credential is at least remembered as such: longer than anybody waits for the registry. */
  forgottenMs: 600_000,
} as const
