import { createHash, timingSafeEqual } from 'node:crypto'

/** Tells who a bearer token belongs to. Tokens are kept as hashes and compared in constant time. */
export interface Tokens {
  nameOf(authorization: string | undefined): string | undefined
}

/** Throws with one sentence when the text is not a list of name=token. */
export function readTokens(text: string): Tokens {
  const known = text
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map(readOne)
  if (known.length === 0) throw new Error('SLUICE_API_TOKENS names nobody')
  return {
    nameOf: (authorization) => {
      const token = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(authorization ?? '')?.[1]
      if (token === undefined) return undefined
      const presented = hash(token)
      return known.find((one) => timingSafeEqual(one.hash, presented))?.name
    },
  }
}

function readOne(line: string): { name: string; hash: Buffer } {
  const [, name, token] = /^([A-Za-z0-9_.@-]{1,64})=([\x21-\x7e]{16,512})$/.exec(line) ?? []
  if (name === undefined || token === undefined) {
    throw new Error('SLUICE_API_TOKENS: each entry is name=token, the token with 16 characters at least')
  }
  return { name, hash: hash(token) }
}

function hash(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
