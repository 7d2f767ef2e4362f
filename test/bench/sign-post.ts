import { hash } from 'node:crypto'
import type { Cpe } from './cpe.ts'

export interface Signer {
  /** The Authorization header of the next POST, line end included. */
  sign(cpe: Cpe): string
}

/** Digest with qop=auth as a CPE makes it (RFC 2617 3.2.2), from the challenge in the head of a 401. */
export function createSigner(head: string): Signer {
  const [, realm = ''] = /realm="([^"]*)"/.exec(head) ?? []
  const [, nonce = ''] = /nonce="([^"]*)"/.exec(head) ?? []
  if (nonce === '') throw new Error(`a 401 without a nonce: ${head}`)
  let count = 0
  return {
    sign: ({ username, password }) => {
      count += 1
      const nc = count.toString(16).padStart(8, '0')
      const secret = hash('md5', `${username}:${realm}:${password}`)
      const response = hash('md5', `${secret}:${nonce}:${nc}:bench:auth:${target}`)
      return (
        `Authorization: Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="/", qop=auth, ` +
        `nc=${nc}, cnonce="bench", response="${response}", algorithm=MD5\r\n`
      )
    },
  }
}

const target = hash('md5', 'POST:/')
