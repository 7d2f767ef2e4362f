import type { ImageEnds } from './format.ts'

const DSSE = 'DSSEv1 '
/** The name of the table that a certificate of ucert is, behind the head of its blob (libubox, blobmsg.h). */
const UCERT = { at: 4, name: '\0\u0005ucert\0' }

/**
 * Whether bytes are what a key signs to say something: a release or a verdict, a certificate of ucert. A signature does
 * not tell what for it was made, so that these would be an image that the holder of the key signed.
 */
export function isSignedStatement({ head }: Pick<ImageEnds, 'head'>): boolean {
  const text = Buffer.from(head).toString('latin1')
  return text.startsWith(DSSE) || text.startsWith(UCERT.name, UCERT.at)
}
