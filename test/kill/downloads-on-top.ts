import type { RecordLine } from '@sluice/device-simulator'

/** A device that writes one of these is done with the Download it held. */
const DONE = new Set<RecordLine['what']>([
  'download_failed',
  'image_refused',
  'cancelled',
  'fell_back',
  'transfer_complete_answered',
])

/** Downloads that reached a device while it held another, or the same one: by its own record alone. */
export function downloadsOnTop(lines: readonly RecordLine[]): string[] {
  const holds = new Map<string, string>()
  const onTop: string[] = []
  for (const line of lines) {
    const { deviceName } = line
    const held = holds.get(deviceName)
    const refuses = line.what === 'download_answered' && line.fault !== undefined
    if (refuses || DONE.has(line.what)) holds.delete(deviceName)
    if (line.what !== 'download_received') continue
    if (held !== undefined) onTop.push(`${deviceName} received ${line.commandKey} while it held ${held}`)
    holds.set(deviceName, line.commandKey)
  }
  return onTop
}
