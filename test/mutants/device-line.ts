import { type Cpe, informOf } from '../bench/cpe.ts'
import { createSigner, type Signer } from '../bench/sign-post.ts'
import type { Dice } from './dice.ts'
import { type Line, openLine, type Outcome } from './line.ts'
import type { Sender } from './make-mutant.ts'
import type { Answer } from './read-answers.ts'
import { withLength } from './request.ts'

/** A device on its connection: what it knows of the session it is in, and the sessions it opens as it should. */
export interface DeviceLine {
  /** Inform, and now and then the empty POST that asks for work. */
  openSession(dice: Dice): Promise<void>
  sender(dice: Dice): Sender
  exchange(bytes: Buffer): Promise<Outcome>
  /** What was answered, also elsewhere, to what it sent. */
  heard(answers: readonly Answer[], dice: Dice): void
  readonly inSession: boolean
  close(): void
}

export function createDeviceLine(port: number, cpe: Cpe, auth: 'none' | 'digest'): DeviceLine {
  const line: Line = openLine(port)
  let signer: Signer | null = null
  let cookie: string | null = null
  let asked: Sender['asked'] = null

  const credentials = () => (signer === null ? [] : [signer.sign(cpe).trimEnd()])
  const learn = ({ status, head, body }: Answer) => {
    cookie = /\r\nset-cookie: *([^;\r]+)/i.exec(head)?.[1] ?? cookie
    if (status === 401 && auth === 'digest' && head.includes('nonce=')) signer = createSigner(head)
    if (status === 200) asked = askedIn(body)
  }
  const say = async (body: string): Promise<number> => {
    const headers = [
      'Host: 127.0.0.1',
      'Content-Type: text/xml; charset=utf-8',
      ...credentials(),
      ...(cookie === null ? [] : [`Cookie: ${cookie}`]),
    ]
    const bytes = withLength({ line: 'POST / HTTP/1.1', headers, body: Buffer.from(body) })
    const { answers } = await line.exchange(bytes)
    answers.forEach(learn)
    return answers[0]?.status ?? 0
  }
  return {
    async openSession(dice) {
      cookie = null
      asked = null
      const status = await say(informOf(cpe))
      const opened = status === 401 ? await say(informOf(cpe)) : status
      if (opened === 200 && dice(2) === 0) await say('')
    },
    sender: (dice) => ({ cpe, cookie, credentials: dice(20) === 0 ? [] : credentials(), asked }),
    exchange: (bytes) => line.exchange(bytes),
    heard(answers, dice) {
      answers.forEach(learn)
      // A session that was ended is named again half the time.
      if (answers.some(({ status }) => status !== 200) && dice(2) === 0) cookie = null
    },
    get inSession() {
      return cookie !== null
    },
    close: () => line.close(),
  }
}

function askedIn(body: string): Sender['asked'] {
  const id = /<[\w-]+:ID[^>]*>([^<]*)</.exec(body)?.[1]
  const rpc = /<[\w-]+:Body[^>]*>\s*<(?:[\w-]+:)?(\w+)/.exec(body)?.[1]
  return id === undefined || rpc === undefined || rpc.endsWith('Response') ? null : { id, rpc }
}
