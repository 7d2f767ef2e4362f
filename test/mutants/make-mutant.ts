import type { Cpe } from '../bench/cpe.ts'
import type { Sample } from './corpus.ts'
import { type Dice, oneOf } from './dice.ts'
import { bodyKinds, mutateBody } from './mutate-body.ts'
import { headChanges, lies } from './mutate-head.ts'
import { type Request, withLength } from './request.ts'

/** Who sends it, in which session, after what we asked of it. */
export interface Sender {
  readonly cpe: Cpe
  readonly cookie: string | null
  /** Whole lines of its head: its credentials. */
  readonly credentials: readonly string[]
  readonly asked: { readonly id: string; readonly rpc: string } | null
}

export interface Mutant {
  readonly kind: string
  /** Of the message it was made from. */
  readonly sample: string
  readonly bytes: Buffer
  /** `answer`: it is one request and has one answer. `end`: where that does not come, its connection ends. */
  readonly promise: 'answer' | 'end'
}

export const mutantKinds = [...bodyKinds, ...Object.keys(headChanges), ...Object.keys(lies)]

export function makeMutant(corpus: readonly Sample[], sender: Sender, dice: Dice): Mutant {
  const sample = chooseSample(corpus, sender, dice)
  const [request, other] = [sample, oneOf(dice, corpus)].map((one) => requestOf(one, sender, dice)) as [
    Request,
    Request,
  ]
  const { name } = sample
  // Most go for what reads the bodies; a mutated head seldom lets one through to it.
  const choice = dice(100)
  if (choice < 68) {
    const kind = oneOf(dice, bodyKinds)
    const body = mutateBody(kind, request.body, other.body, dice)
    return { kind, sample: name, bytes: withLength({ ...request, body }), promise: 'answer' }
  }
  if (choice < 88) {
    const kind = oneOf(dice, Object.keys(headChanges) as (keyof typeof headChanges)[])
    const body = dice(3) === 0 ? mutateBody(oneOf(dice, bodyKinds), request.body, other.body, dice) : request.body
    return { kind, sample: name, bytes: headChanges[kind]({ ...request, body }, dice), promise: 'answer' }
  }
  const kind = oneOf(dice, Object.keys(lies) as (keyof typeof lies)[])
  return { kind, sample: name, bytes: lies[kind](request, dice, other), promise: 'end' }
}

/** What was asked is answered half the time. */
function chooseSample(corpus: readonly Sample[], { asked }: Sender, dice: Dice): Sample {
  if (asked !== null && dice(2) === 0) {
    const fitting = corpus.filter(({ body }) => body.includes(`${asked.rpc}Response`) || body.includes('FaultCode'))
    if (fitting.length > 0) return oneOf(dice, fitting)
  }
  return oneOf(dice, corpus)
}

/** Of the message's own device now and then: where all may come, it is one more. */
function requestOf({ headers, body }: Sample, { cpe, cookie, credentials, asked }: Sender, dice: Dice): Request {
  let text = body.toString('latin1')
  if (dice(8) !== 0) text = of(cpe, text)
  if (asked !== null && dice(4) !== 0) {
    text = text.replace(/(?<=<[\w-]+:ID[^>]*>)[^<]*/, asked.id)
  }
  return {
    line: 'POST / HTTP/1.1',
    headers: [
      'Host: 127.0.0.1',
      ...headers,
      ...credentials,
      ...(cookie === null || dice(10) === 0 ? [] : [`Cookie: ${cookie}`]),
    ],
    body: Buffer.from(text, 'latin1'),
  }
}

function of({ oui, productClass, serialNumber }: Cpe, text: string): string {
  return text
    .replace(/(?<=<OUI[^>]*>)[^<]*/, oui)
    .replace(/(?<=<ProductClass[^>]*>)[^<]*/, productClass)
    .replace(/(?<=<SerialNumber[^>]*>)[^<]*/, serialNumber)
}
