import { createSocket, type RemoteInfo } from 'node:dgram'
import type { Reach } from '@sluice/contracts'
import { type Clock, type Log, randomFraction, randomToken } from '@sluice/runtime'
import type { CpeGuard } from '../guard/cpe-guard.ts'
import { type Resolve, resolveTarget } from '../guard/resolve-target.ts'
import { createSourceLimit } from '../guard/source-limit.ts'
import { LOG, METRICS } from '../observability.ts'
import { bindUdp, closeUdp } from '../udp-socket.ts'
import type { Outcome } from '../wake/outcome.ts'
import { type AnswerParts, answerBinding } from './answer-binding.ts'
import { createBindings } from './bindings.ts'
import { createForgetfulSet } from './forgetful-set.ts'
import type { FindPassword } from './known-passwords.ts'
import type { UdpAddress } from './stun-address.ts'
import { decodeStun, STUN } from './stun-message.ts'
import { createUsedProofs } from './used-proofs.ts'
import { encodeUdpConnectionRequest, readUdpAddress } from './udp-connection-request.ts'

export interface StunSettings {
  /** IPv4: Annex G is about its NATs. */
  readonly host: string
  /** 0 takes any free one. */
  readonly port: number
  /** What devices see us as; null: not known. */
  readonly publicAddress: string | null
  readonly maxBindings: number
  readonly perSourcePerSecond: number
}

export interface StunParts {
  readonly guard: CpeGuard
  readonly resolve: Resolve
  readonly clock: Clock
  readonly log: Log
  readonly findPassword: FindPassword
}

export interface StunServer {
  /** Resolves to the port. */
  start(): Promise<number>
  stop(): Promise<void>
  /** Sends a UDP connection request from the STUN port, which is the one a NAT lets through (TR-069 G.2.2.3). */
  requestConnection(reach: Reach): Promise<Outcome>
}

const COPIES = 3
const BETWEEN_COPIES_MS = 100
const ANSWERING_AT_ONCE = 1_000
const UNPROVEN_MS = 3_600_000
const MAX_UNPROVEN = 10_000
const USED_PROOF_MS = 86_400_000
const MAX_USED_PROOFS = 200_000

/** The STUN server of Annex G, and the UDP connection requests that leave from its port. */
export function createStunServer(parts: StunParts, settings: StunSettings): StunServer {
  const { guard, clock, log } = parts
  const bindings = createBindings(clock, settings.maxBindings)
  const limit = createSourceLimit(settings.perSourcePerSecond, clock)
  const unproven = createForgetfulSet(clock, UNPROVEN_MS, MAX_UNPROVEN)
  const usedProofs = createUsedProofs(clock, USED_PROOF_MS, MAX_USED_PROOFS)
  const socket = createSocket('udp4')
  let ownAddress: UdpAddress | null = null
  let answering = 0

  const take = async (bytes: Buffer, from: RemoteInfo): Promise<string> => {
    if (!guard.allowsAddress(from.address) || from.port === 0) return 'refused_source'
    if (!limit.takes(from.address) || answering >= ANSWERING_AT_ONCE) return 'overloaded'
    const decoded = decodeStun(bytes)
    // Only requests are answered: two servers never talk to each other for ever.
    if (decoded.kind === 'malformed' || decoded.message.type !== STUN.bindingRequest) return 'malformed'
    answering += 1
    try {
      const { findPassword } = parts
      const answerParts: AnswerParts = { guard, bindings, findPassword, unproven, usedProofs, ownAddress }
      const answer = await answerBinding(bytes, decoded, { address: from.address, port: from.port }, answerParts)
      await send(answer.bytes, answer.to)
      return answer.kind
    } finally {
      answering -= 1
    }
  }
  const send = ({ buffer, byteOffset, length }: Buffer, to: UdpAddress): Promise<boolean> =>
    new Promise((resolve) => {
      socket.send(new Uint8Array(buffer, byteOffset, length), to.port, to.address, (error) => resolve(!error))
    })
  const destinationOf = async (reach: Reach) => {
    const seen = bindings.of(reach.deviceKey)
    const reported = reach.udpConnectionRequestAddress
    const place =
      seen !== null ? { host: seen.address, port: seen.port } : reported === null ? null : readUdpAddress(reported)
    if (place === null) return { kind: reported === null ? ('no_address' as const) : ('refused_address' as const) }
    const resolved = await resolveTarget(place.host, place.port, parts)
    return resolved.kind === 'target' && resolved.target.family === 6 ? { kind: 'unreachable' as const } : resolved
  }

  socket.on('message', (bytes, from) => {
    take(bytes, from)
      .catch((error: unknown) => (log.warn({ err: error }, LOG.stunFailed), 'failed'))
      .then(
        (outcome) => METRICS.stun.add(1, { outcome }),
        () => undefined,
      )
  })
  socket.on('error', (error) => log.warn({ err: error }, LOG.stunFailed))

  return {
    async start() {
      const port = await bindUdp(socket, settings.host, settings.port)
      const address = settings.publicAddress ?? (settings.host === '0.0.0.0' ? null : settings.host)
      ownAddress = address === null ? null : { address, port }
      log.info({ host: settings.host, port }, LOG.stunListening)
      return port
    },
    stop: () => closeUdp(socket),
    async requestConnection(reach) {
      const destination = await destinationOf(reach)
      if (destination.kind !== 'target') return destination.kind
      if (reach.username === null || reach.password === null) return 'unauthorized'
      const { address, port } = destination.target
      const request = encodeUdpConnectionRequest({
        authority: port === 80 ? address : `${address}:${port}`,
        timestamp: Math.floor(clock.now() / 1_000),
        messageId: Math.floor(randomFraction() * 0x7fff_ffff),
        username: reach.username,
        password: reach.password,
        cnonce: Buffer.from(randomToken(12)).toString('hex').toUpperCase().slice(0, 16),
      })
      let left = 0
      for (let copy = 1; copy <= COPIES; copy++) {
        if (await send(request, { address, port })) left += 1
        if (copy < COPIES) await clock.sleep(BETWEEN_COPIES_MS)
      }
      return left > 0 ? 'asked' : 'unreachable'
    },
  }
}
