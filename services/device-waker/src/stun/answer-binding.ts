import type { CpeGuard } from '../guard/cpe-guard.ts'
import type { Bindings } from './bindings.ts'
import type { FindPassword } from './known-passwords.ts'
import { encodeSigned, integrityForm } from './message-integrity.ts'
import { decodeAddress, encodeAddress, encodeXorAddress, type UdpAddress } from './stun-address.ts'
import {
  type DecodedStun,
  encodeStun,
  hasCookie,
  STUN,
  type StunAttribute,
  type StunMessage,
  valueOf,
} from './stun-message.ts'
import { deviceOfStunUsername } from './stun-username.ts'
import type { UsedProofs } from './used-proofs.ts'

export interface AnswerParts {
  readonly guard: CpeGuard
  readonly bindings: Bindings
  readonly findPassword: FindPassword
  /** Devices that proved nothing although they were asked: not asked again for a while, so that they learn their address at least. */
  readonly unproven: { has(key: string): boolean; add(key: string): void }
  readonly usedProofs: UsedProofs
  /** Our own address as devices see it; null: not known, and left out. */
  readonly ownAddress: UdpAddress | null
}

export interface StunAnswer {
  readonly kind: 'bound' | 'proven' | 'error'
  readonly bytes: Buffer
  readonly to: UdpAddress
}

type Decoded = Extract<DecodedStun, { kind: 'message' }>
type Code = 401 | 420 | 430 | 431 | 432

const REASONS: Record<Code, string> = {
  401: 'Unauthorized',
  420: 'Unknown Attribute',
  430: 'Stale Credentials',
  431: 'Integrity Check Failure',
  432: 'Missing Username',
}

/** Mandatory attributes we understand, or may pass over (TR-069 G.2.2.1, and REALM and NONCE of RFC 5389). */
const UNDERSTOOD = new Set<number>([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0x14, 0x15, 0x20])
const MAX_UNKNOWN = 4

/**
 * Answers a Binding Request: the address it came from, and, where it speaks of a device's listening port, a demand to
 * prove who it is (TR-069 G.2.2.2.1). Answers go to where the request came from, and nowhere else but to another port there.
 */
export async function answerBinding(
  bytes: Buffer,
  decoded: Decoded,
  from: UdpAddress,
  parts: AnswerParts,
): Promise<StunAnswer> {
  const { message, integrityAt } = decoded
  const unknown = message.attributes.map(({ type }) => type).filter((type) => type < 0x8000 && !UNDERSTOOD.has(type))
  if (unknown.length > 0) return refusal(message, from, 420, [unknownAttributes(unknown)])

  const username = valueOf(message, STUN.username)
  const deviceKey = username === undefined ? null : deviceOfStunUsername(username)
  const isListening = valueOf(message, STUN.connectionRequestBinding) !== undefined
  if (integrityAt === null) {
    const mustProve = isListening && deviceKey !== null && (await isToProve(deviceKey, from, parts))
    return mustProve ? refusal(message, from, 401) : bound(message, from, parts)
  }
  if (username === undefined) return refusal(message, from, 432)
  const password = deviceKey === null ? null : await parts.findPassword(deviceKey)
  if (deviceKey === null || password === null) return refusal(message, from, 430)
  const proof = await proofOf(deviceKey, bytes, integrityAt, password, parts)
  if (proof === null) {
    parts.unproven.add(unprovenKey(deviceKey, from))
    return refusal(message, from, 431)
  }
  if (isListening) {
    // Somebody has heard it, and sends it from where connection requests are to go now: whoever it was may sign a new one.
    if (!parts.usedProofs.use(deviceKey, message.transactionId, from)) return refusal(message, from, 401)
    parts.bindings.prove(deviceKey, from)
  }
  const answer = bound(message, from, parts)
  return {
    ...answer,
    kind: 'proven',
    bytes: encodeSigned(responseTo(message, from, parts), proof.password, proof.form),
  }
}

/** By the password that is known, else by the one it was just replaced with. */
async function proofOf(
  deviceKey: string,
  bytes: Buffer,
  integrityAt: number,
  known: string,
  parts: AnswerParts,
): Promise<{ password: string; form: NonNullable<ReturnType<typeof integrityForm>> } | null> {
  const form = integrityForm(bytes, integrityAt, known)
  if (form !== null) return { password: known, form }
  const password = await parts.findPassword(deviceKey, 'fresh')
  const later = password === null || password === known ? null : integrityForm(bytes, integrityAt, password)
  return password === null || later === null ? null : { password, form: later }
}

async function isToProve(deviceKey: string, from: UdpAddress, parts: AnswerParts): Promise<boolean> {
  if (parts.bindings.sees(deviceKey, from) || parts.unproven.has(unprovenKey(deviceKey, from))) return false
  return (await parts.findPassword(deviceKey)) !== null
}

const unprovenKey = (deviceKey: string, { address }: UdpAddress): string => `${deviceKey} ${address}`

function bound(message: StunMessage, from: UdpAddress, parts: AnswerParts): StunAnswer {
  const to = responseAddress(message, from, parts.guard) ?? from
  return { kind: 'bound', bytes: encodeStun(responseTo(message, from, parts)), to }
}

function responseTo(message: StunMessage, from: UdpAddress, parts: AnswerParts): StunMessage {
  const attributes: StunAttribute[] = [{ type: STUN.mappedAddress, value: encodeAddress(from) }]
  if (hasCookie(message)) attributes[0] = { type: STUN.xorMappedAddress, value: encodeXorAddress(from) }
  else if (parts.ownAddress !== null) {
    const value = encodeAddress(parts.ownAddress)
    // No second address: CHANGED-ADDRESS names the first one again (G.2.2.1).
    attributes.push({ type: STUN.sourceAddress, value }, { type: STUN.changedAddress, value })
  }
  if (responseAddress(message, from, parts.guard) !== null)
    attributes.push({ type: STUN.reflectedFrom, value: encodeAddress(from) })
  return { type: STUN.bindingResponse, transactionId: message.transactionId, attributes }
}

/**
 * RESPONSE-ADDRESS lets a CPE find out how long its binding lasts (G.2.1.2); to anybody else it would let us be aimed at
 * others, so the address must be the asker's own.
 */
function responseAddress(message: StunMessage, from: UdpAddress, guard: CpeGuard): UdpAddress | null {
  const value = valueOf(message, STUN.responseAddress)
  const asked = value === undefined ? null : decodeAddress(value)
  return asked !== null && asked.address === from.address && guard.allowsPort(asked.port) ? asked : null
}

function refusal(message: StunMessage, to: UdpAddress, code: Code, more: readonly StunAttribute[] = []): StunAnswer {
  const reason = Buffer.from(REASONS[code])
  const value = Buffer.concat([
    Buffer.from([0, 0, Math.floor(code / 100), code % 100]),
    reason,
    Buffer.alloc((4 - (reason.length % 4)) % 4, ' '),
  ])
  const attributes = [{ type: STUN.errorCode, value }, ...more]
  return {
    kind: 'error',
    bytes: encodeStun({ type: STUN.bindingError, transactionId: message.transactionId, attributes }),
    to,
  }
}

/** An even number of types: RFC 3489 11.2.10 knows no other filling. */
function unknownAttributes(types: readonly number[]): StunAttribute {
  const some = types.slice(0, MAX_UNKNOWN)
  if (some.length % 2 === 1) some.push(some[0]!)
  const value = Buffer.alloc(some.length * 2)
  some.forEach((type, index) => value.writeUInt16BE(type, index * 2))
  return { type: STUN.unknownAttributes, value }
}
