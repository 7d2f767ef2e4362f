import type { Cpe } from '../cpe.ts'
import { isTrue } from '../model/check-value.ts'
import { hexDigits } from '../seeded.ts'
import type { Timers } from '../timers.ts'
import { readStunAnswer, writeBindingRequest, type StunAnswer } from './stun-message.ts'
import type { UdpLine } from './udp-line.ts'

/** Learns the address the world sees, and keeps it alive (TR-069 G.2.1.1 to G.2.1.3). The binding's lifetime is not explored. */
export interface StunClient {
  /** STUN was switched on or off, or another server was set. */
  refresh(): void
  hear(message: Buffer): void
}

/** RFC 3489 9.3: nine tries, 100 ms doubled up to 1.6 s. */
const TRIES = 9
const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 1_600

interface Request {
  readonly transaction: string
  readonly bindingChanged: boolean
  readonly password?: string
  retry: { cancel(): void }
}

export function createStunClient(
  cpe: Cpe,
  timers: Timers,
  line: UdpLine,
  /** A new address, as `host:port`. */
  learnt: (address: string, natDetected: boolean) => void,
): StunClient {
  let waiting: Request | undefined
  let known: string | undefined
  let keepAlive = { cancel: (): void => undefined }
  let server = ''

  const serverNow = (): { host: string; port: number } | undefined => {
    if (!isTrue(cpe.model.server('STUNEnable'))) return undefined
    const host = cpe.model.server('STUNServerAddress') || (URL.parse(cpe.model.server('URL'))?.hostname ?? '')
    return { host, port: Number(cpe.model.server('STUNServerPort')) }
  }

  const ask = (bindingChanged: boolean, password?: string): void => {
    waiting?.retry.cancel()
    const request: Request = {
      transaction: hexDigits(cpe.random, 32),
      bindingChanged,
      ...(password !== undefined && { password }),
      retry: { cancel: () => undefined },
    }
    waiting = request
    const message = writeBindingRequest({ ...request, username: cpe.model.server('STUNUsername') })
    const send = (tries: number): void => {
      const to = serverNow()
      if (!to || waiting !== request) return
      if (tries > TRIES) {
        waiting = undefined
        return cpe.record({ what: 'stun_failed', reason: 'no_answer' })
      }
      line.send(message, to.host, to.port)
      request.retry = timers.after(Math.min(FIRST_WAIT_MS * 2 ** (tries - 1), LONGEST_WAIT_MS), () => send(tries + 1))
    }
    send(1)
  }

  const rearm = (): void => {
    keepAlive.cancel()
    if (!serverNow()) return
    const seconds = Math.max(1, Number(cpe.model.server('STUNMinimumKeepAlivePeriod')))
    keepAlive = timers.after(seconds * 1000 * cpe.settings.timeScale, () => {
      rearm()
      if (!waiting) ask(false)
    })
  }

  const judge = (request: Request, answer: StunAnswer): void => {
    if (answer.kind === 'error') {
      const password = cpe.model.server('STUNPassword')
      if (answer.code === 401 && request.password === undefined && password !== '')
        return ask(request.bindingChanged, password)
      return cpe.record({ what: 'stun_failed', reason: `error_${answer.code ?? 0}` })
    }
    if (answer.mapped === undefined || answer.mapped === known) return
    known = answer.mapped
    const own = `${cpe.settings.behindNat ? '192.168.1.10' : (cpe.settings.listenHost ?? '127.0.0.1')}:${line.port()}`
    learnt(known, known !== own)
    ask(true)
  }

  return {
    refresh: () => {
      const now = JSON.stringify([serverNow(), cpe.model.server('STUNUsername'), cpe.model.server('STUNPassword')])
      if (now === server) return
      server = now
      known = undefined
      if (!serverNow()) return keepAlive.cancel()
      ask(false)
      rearm()
    },
    hear: (message) => {
      const answer = readStunAnswer(message)
      const request = waiting
      if (!answer || answer.transaction !== request?.transaction) return
      // An answer to a signed request must be signed (TR-069 G.2.1.1).
      if (request.password !== undefined && answer.kind === 'response' && !answer.holds(request.password))
        return cpe.record({ what: 'stun_failed', reason: 'integrity' })
      request.retry.cancel()
      waiting = undefined
      judge(request, answer)
    },
  }
}
