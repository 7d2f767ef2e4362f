import type { Answer, Connection } from './connection.ts'
import { type Cpe, informOf } from './cpe.ts'
import { createSigner, type Signer } from './sign-post.ts'

/**
 * `none`: no credentials. `digest`: the nonce is kept, as by a CPE that knows it from its last session. `challenged`:
 * every session begins with a 401, as by one that does not.
 */
export type Authentication = 'none' | 'digest' | 'challenged'

export interface Player {
  /** Learns a nonce where CPE would know one from their last session. */
  prepare(connection: Connection, cpe: Cpe): Promise<void>
  /** One idle session: Inform, InformResponse, empty POST, 204. Rejects on any other answer. */
  play(connection: Connection, cpe: Cpe): Promise<void>
  /** POSTs answered with 200 or 204. */
  readonly posts: number
  /** POSTs answered with 401. */
  readonly challenges: number
  /** Of the last InformResponse. */
  readonly informResponseBytes: number
}

export function createPlayer(authentication: Authentication): Player {
  let signer: Signer | undefined
  const player = {
    posts: 0,
    challenges: 0,
    informResponseBytes: 0,
    async prepare(connection: Connection, cpe: Cpe): Promise<void> {
      if (authentication === 'digest') await learnNonce(connection, informOf(cpe))
    },
    async play(connection: Connection, cpe: Cpe): Promise<void> {
      const inform = informOf(cpe)
      if (authentication === 'challenged') await learnNonce(connection, inform)
      let opened = await post(connection, cpe, inform, '')
      if (opened.status === 401 && authentication === 'digest') {
        // Nonces age.
        await learnNonce(connection, inform)
        opened = await post(connection, cpe, inform, '')
      }
      expectStatus(opened, 200)
      player.informResponseBytes = opened.bodyBytes
      const cookie = /\r\nset-cookie: *([^;\r]+)/i.exec(opened.head)?.[1]
      if (cookie === undefined) throw new Error(`an InformResponse without a cookie: ${opened.head}`)
      expectStatus(await post(connection, cpe, '', `Cookie: ${cookie}\r\n`), 204)
      player.posts += 2
    },
  }
  return player

  async function learnNonce(connection: Connection, inform: string): Promise<void> {
    const challenge = await connection.exchange(requestOf(inform, ''))
    expectStatus(challenge, 401)
    player.challenges += 1
    signer = createSigner(challenge.head)
  }

  function post(connection: Connection, cpe: Cpe, body: string, cookie: string): Promise<Answer> {
    return connection.exchange(requestOf(body, cookie + (signer?.sign(cpe) ?? '')))
  }
}

function requestOf(body: string, headers: string): string {
  const contentType = body === '' ? '' : 'Content-Type: text/xml; charset=utf-8\r\nSOAPAction: \r\n'
  return `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\n${contentType}${headers}Content-Length: ${body.length}\r\n\r\n${body}`
}

function expectStatus({ status, head }: Answer, expected: number): void {
  if (status !== expected) throw new Error(`${expected} was due, this came: ${head}`)
}
