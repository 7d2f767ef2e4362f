import { element, type Xml } from '../xml-writer.ts'

/** TR-069 A.4.1.6: back to the factory's settings, credentials included; then comes `0 BOOTSTRAP`. */
export interface FactoryReset {
  readonly kind: 'factory_reset'
}

export interface FactoryResetResponse {
  readonly kind: 'factory_reset_response'
}

export function encodeFactoryReset(): Xml {
  return element('cwmp:FactoryReset')
}

export function decodeFactoryResetResponse(): FactoryResetResponse {
  return { kind: 'factory_reset_response' }
}
