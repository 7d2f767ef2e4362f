import { createSealedBox } from '@sluice/runtime'
import type { ParameterType } from '@sluice/cwmp'

/** A setting as it was read, to be written back. */
export interface KeptValue {
  readonly value: string
  readonly type: ParameterType
}

/** Values of settings on their way through services that must not read them. Bound to device and parameter. */
export interface SettingsSeal {
  /** Base64. */
  close(deviceKey: string, name: string, kept: KeptValue): string
  /** Null: another key, another device or another parameter. */
  open(deviceKey: string, name: string, sealed: string): KeptValue | null
}

/** The key: 32 bytes as 64 hexadecimal characters, the same for all gateways; undefined: nothing is kept. */
export function createSettingsSeal(keyHex: string | undefined): SettingsSeal | null {
  if (keyHex === undefined) return null
  const box = createSealedBox(Buffer.from(keyHex, 'hex'))
  const owner = (deviceKey: string, name: string) => `setting\0${deviceKey}\0${name}`
  return {
    close: (deviceKey, name, { value, type }) =>
      Buffer.from(box.close(owner(deviceKey, name), JSON.stringify([value, type]))).toString('base64'),
    open: (deviceKey, name, sealed) => {
      try {
        const text = box.open(owner(deviceKey, name), Buffer.from(sealed, 'base64'))
        const [value, type] = JSON.parse(text) as [string, ParameterType]
        return { value, type }
      } catch {
        return null
      }
    },
  }
}
