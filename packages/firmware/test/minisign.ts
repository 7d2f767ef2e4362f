import { publicKey, type Workshop } from './tools.ts'
import type { PublicKey } from '../src/index.ts'

/** A key pair of minisign. */
export interface MinisignKey {
  readonly publicKey: PublicKey
  /** The file of the public key. */
  readonly text: string
  /** The file of a signature. `legacy`: of the old kind, over the image itself. */
  sign(bytes: Uint8Array, kind?: 'prehashed' | 'legacy'): Buffer
}

export function makeMinisignKey(workshop: Workshop, name: string): MinisignKey {
  workshop.run('minisign', '-G', '-W', '-p', `${name}.pub`, '-s', `${name}.sec`)
  const text = workshop.read(`${name}.pub`).toString()
  return {
    text,
    publicKey: publicKey(text),
    sign: (bytes, kind = 'prehashed') => {
      workshop.write('message', bytes)
      const how = kind === 'legacy' ? ['-S', '-l'] : ['-S']
      workshop.run(
        'minisign',
        ...how,
        '-s',
        `${name}.sec`,
        '-m',
        'message',
        '-x',
        'message.minisig',
        '-t',
        'acme router-1 1.2.3',
      )
      return workshop.read('message.minisig')
    },
  }
}
