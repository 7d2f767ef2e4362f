import { bounds } from './bounds.ts'
import { HotStoreError } from './hot-store-error.ts'

export function checkState(state: string): void {
  const size = Buffer.byteLength(state)
  if (size <= bounds.stateBytes) return
  throw new HotStoreError('too_large', `a session's state has ${size} bytes, more than ${bounds.stateBytes}`)
}
