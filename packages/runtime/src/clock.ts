/** Stops a timer. Calling it twice does nothing. */
export type Cancel = () => void

/** Time as a part, so that everything that waits can be driven by a test. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  after(ms: number, run: () => void): Cancel
  every(ms: number, run: () => void): Cancel
  sleep(ms: number): Promise<void>
}
