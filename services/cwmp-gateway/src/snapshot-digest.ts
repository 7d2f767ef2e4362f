import { createHmac } from 'node:crypto'

/**
 * Digests values of parameters so that they can be compared and not read. Bound to device and parameter, so that
 * equal passwords do not show as equal; an empty value says nothing, since hidden ones read back as empty.
 */
export function createSnapshotDigest(key: string): (deviceKey: string, name: string, value: string) => string | null {
  return (deviceKey, name, value) =>
    value === ''
      ? null
      : createHmac('sha256', key).update(`${deviceKey}\0${name}\0${value}`, 'utf8').digest('base64url')
}
