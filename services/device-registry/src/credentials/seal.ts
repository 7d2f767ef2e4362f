import { type SealedBox, createSealedBox } from '@sluice/runtime'

/** Passwords at rest, bound to whose they are. */
export type Seal = SealedBox

export type Purpose = 'cwmp' | 'connection_request' | 'xmpp'

/** Whose a sealed password is: one of a device for one purpose opens as no other. */
export function deviceOwner(deviceKey: string, purpose: Purpose): string {
  return purpose === 'cwmp' ? deviceKey : `${deviceKey}/${purpose}`
}

export function modelOwner(model: { readonly oui: string; readonly productClass: string }): string {
  return `model/${model.oui}/${model.productClass}`
}

/** The key: 32 bytes as 64 hexadecimal characters. */
export function createSeal(keyHex: string): Seal {
  return createSealedBox(Buffer.from(keyHex, 'hex'))
}
