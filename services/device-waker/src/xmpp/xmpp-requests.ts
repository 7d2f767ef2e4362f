import { type Client, client, jid, xml } from '@xmpp/client'
import { type Cancel, type Clock, type Log, randomFraction } from '@sluice/runtime'
import { LOG } from '../observability.ts'
import type { Outcome } from '../wake/outcome.ts'

export interface XmppSettings {
  /** `xmpp://host:5222` (STARTTLS) or `xmpps://host:5223`. */
  readonly service: string
  /** Ours, `acs@example.net` or with a resource: the one that ConnReqAllowedJabberIDs of devices may name. */
  readonly jabberId: string
  readonly password: string
  /** For one request and its answer. */
  readonly deadlineMs: number
  /** How often the server is asked whether it is still there. */
  readonly pingEveryMs: number
  /** A password is said in clear inside, so without TLS nothing is sent (TR-069 K.2.2.2). */
  readonly requireTls: boolean
}

export interface XmppConnectionRequest {
  readonly jabberId: string
  readonly username: string
  readonly password: string
}

export interface XmppRequests {
  /** Starts to connect, and never gives up; does not wait for it. */
  start(): void
  stop(): Promise<void>
  isOnline(): boolean
  request(request: XmppConnectionRequest): Promise<Outcome>
}

type CredentialsFactory = Extract<
  NonNullable<Parameters<typeof client>[0]>['credentials'],
  (...args: never[]) => unknown
>

const NAMESPACE = 'urn:broadband-forum-org:cwmp:xmppConnReq-1-0'
const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 60_000
const CONNECT_DEADLINE_MS = 15_000

/** Connection requests by XMPP (TR-069 Annex K), as one account of an ordinary server. */
export function createXmppRequests(
  parts: { readonly clock: Clock; readonly log: Log },
  settings: XmppSettings,
): XmppRequests {
  const { clock, log } = parts
  const own = jid(settings.jabberId)
  let online: Client | null = null
  let failures = 0
  let stopped = false
  let cancelRetry: Cancel | null = null
  let current: Client | null = null

  /** A fresh client each time: what a failed login leaves behind is not gone on with. */
  const connect = (): void => {
    const { service, deadlineMs } = settings
    const resource = own.resource === '' ? undefined : own.resource
    const xmpp = client({ service, domain: own.domain, credentials: logIn, resource, timeout: deadlineMs })
    current = xmpp
    xmpp.reconnect.stop()
    let isOver = false
    const over = (error?: unknown): void => {
      if (isOver) return
      isOver = true
      cancelDeadline()
      cancelPings()
      if (online === xmpp) online = null
      letGo(xmpp)
      if (stopped) return
      log.warn({ err: error, service }, LOG.xmppLost)
      const whole = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures++, 20))
      cancelRetry = clock.after(whole / 2 + (whole / 2) * randomFraction(), connect)
    }
    const cancelDeadline = clock.after(CONNECT_DEADLINE_MS, () => over(new Error('no session within the deadline')))
    /** A connection that died without a word would swallow every request. Any answer will do, a refusal included (XEP-0199). */
    const ping = (): void => {
      if (online !== xmpp) return
      const asked = xmpp.iqCaller.request(xml('iq', { type: 'get' }, xml('ping', 'urn:xmpp:ping')), deadlineMs)
      asked.catch((error: unknown) => (conditionOf(error) === null ? over(error) : undefined))
    }
    const cancelPings = clock.every(settings.pingEveryMs, ping)
    xmpp.on('error', over)
    xmpp.on('disconnect', () => over(new Error('disconnected')))
    xmpp.on('online', () => {
      cancelDeadline()
      failures = 0
      online = xmpp
      log.info({ service }, LOG.xmppOnline)
    })
    xmpp.start().catch(over)
  }

  /** Not even a login passes without TLS, and PLAIN never does. */
  const logIn: CredentialsFactory = async (authenticate, mechanisms, _fast, entity) => {
    const isSecure = entity.isSecure()
    const mechanism = mechanisms.find((one) => isSecure || one !== 'PLAIN')
    if ((settings.requireTls && !isSecure) || mechanism === undefined) throw new Error('the server offers no TLS')
    const credentials = { username: own.local, password: settings.password }
    await authenticate(credentials, mechanism, xml('user-agent'))
  }

  return {
    start: connect,
    async stop() {
      stopped = true
      cancelRetry?.()
      online = null
      if (current !== null) letGo(current)
    },
    isOnline: () => online !== null,
    async request({ jabberId, username, password }) {
      if (online === null) return 'unreachable'
      const to = readDeviceJid(jabberId)
      if (to === null) return 'refused_address'
      const body = xml(
        'connectionRequest',
        { xmlns: NAMESPACE },
        xml('username', {}, username),
        xml('password', {}, password),
      )
      try {
        await online.iqCaller.request(xml('iq', { type: 'get', to }, body), settings.deadlineMs)
        return 'accepted'
      } catch (error) {
        return outcomeOf(error)
      }
    },
  }
}

/** The full JID of a device (K.2.3.1): a resource is needed, else our server would answer in its place. */
function readDeviceJid(text: string): string | null {
  // eslint-disable-next-line no-control-regex
  if (text.length > 256 || /[\x00-\x20\x7f<>"]/.test(text)) return null
  try {
    const read = jid(text)
    return read.local === '' || read.domain === '' || read.resource === '' ? null : read.toString()
  } catch {
    return null
  }
}

/** K.2.3.3: service-unavailable is said by a device that is busy, and by the server for one that is away; both may pass. */
function outcomeOf(error: unknown): Outcome {
  const condition = conditionOf(error)
  if (condition === 'service-unavailable' || condition === 'resource-constraint' || condition === 'policy-violation')
    return 'busy'
  if (condition === 'not-authorized' || condition === 'forbidden' || condition === 'not-allowed') return 'unauthorized'
  return 'unreachable'
}

/** What a stanza error says; null for what is none: no answer, no connection. */
function conditionOf(error: unknown): unknown {
  return error instanceof Error && 'condition' in error ? error.condition : null
}

function letGo(xmpp: Client): void {
  // Its later errors are nobody's business, and unheard they would end the process.
  xmpp.on('error', () => undefined)
  xmpp.stop().catch(() => undefined)
}
