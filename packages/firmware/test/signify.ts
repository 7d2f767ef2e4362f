import { publicKey, type Workshop } from './tools.ts'
import type { PublicKey } from '../src/index.ts'

/** A key pair of signify, whose files are those of OpenWrt's usign. */
export interface SignifyKey {
  readonly publicKey: PublicKey
  /** The file of the public key. */
  readonly text: string
  /** The file of a signature. */
  sign(bytes: Uint8Array): Buffer
}

export function makeSignifyKey(workshop: Workshop, name: string): SignifyKey {
  const [open, secret] = [`${name}.pub`, `${name}.sec`]
  workshop.run('signify-openbsd', '-G', '-n', '-c', name, '-p', open, '-s', secret)
  const text = workshop.read(open).toString()
  return {
    text,
    publicKey: publicKey(text),
    sign: (bytes) => {
      workshop.write('message', bytes)
      workshop.run('signify-openbsd', '-S', '-s', secret, '-m', 'message', '-x', 'message.sig')
      return workshop.read('message.sig')
    },
  }
}
