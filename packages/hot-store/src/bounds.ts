/** What a device can make the store keep. Sizes in bytes, durations in ms. */
export const bounds = {
  tasks: 16,
  /** Revisions of dropped tasks, remembered so that a late redelivery does not bring them back. */
  droppedTasks: 24,
  stateBytes: 65_536,
  /** A record is refreshed by every session, so this is how long a device may stay away. */
  recordTtlMs: 90 * 24 * 3_600_000,
  /** How long a forgotten credential is at least remembered as such: longer than anybody waits for the registry. */
  forgottenMs: 600_000,
} as const
