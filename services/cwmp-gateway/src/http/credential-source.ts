import type { Bus } from '@sluice/bus'
import { deviceCredential, type InputOf, type OutputOf } from '@sluice/contracts'
import { type Clock, currentTraceparent, type Log } from '@sluice/runtime'
import { REALM } from '../config.ts'

export type Candidate = Extract<OutputOf<typeof deviceCredential>, { kind: 'known' }>['candidates'][number]

export interface CredentialQuestion {
  readonly deviceKey: string
  /** Of the device's record: any gateway that hears of a change ends the answers of all. */
  readonly revision: number
  readonly model: InputOf<typeof deviceCredential>['model']
  readonly mayHaveForgotten: boolean
}

export type CredentialAnswer =
  | { readonly kind: 'answered'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'unanswered' }

/** What a device may authenticate with, as the registry says. */
export interface CredentialSource {
  ask(question: CredentialQuestion): Promise<CredentialAnswer>
}

export interface CredentialSourceParts {
  readonly bus: Bus
  readonly clock: Clock
  readonly log: Log
}

interface KeptAnswer {
  readonly at: number
  readonly revision: number
  readonly candidates: readonly Candidate[]
}

/** A device with a wrong password asks the registry once in this time, not once a POST. */
const ASK_AGAIN_MS = 5_000
const KEPT_ANSWERS = 10_000
/** After a restart of everything all devices are strangers: who comes beyond this comes again (503). */
const UNDER_WAY = 128

export function createCredentialSource({ bus, clock, log }: CredentialSourceParts): CredentialSource {
  const kept = new Map<string, KeptAnswer>()
  const underWay = new Map<string, Promise<CredentialAnswer>>()

  return {
    async ask(question) {
      const name = `${question.deviceKey} ${question.model === undefined} ${question.mayHaveForgotten}`
      const recent = kept.get(name)
      // Also not from ahead of us: clocks are set back.
      const isRecent = recent?.revision === question.revision && Math.abs(clock.now() - recent.at) < ASK_AGAIN_MS
      if (isRecent) return { kind: 'answered', candidates: recent.candidates }
      const asking = `${name} ${question.revision}`
      const same = underWay.get(asking)
      if (same !== undefined) return same
      if (underWay.size >= UNDER_WAY) {
        log.warn({ device_key: question.deviceKey }, 'cwmp.credential.overloaded')
        return { kind: 'unanswered' }
      }
      const answer = request(question, name).finally(() => underWay.delete(asking))
      underWay.set(asking, answer)
      return answer
    },
  }

  async function request(question: CredentialQuestion, name: string): Promise<CredentialAnswer> {
    const { deviceKey, revision, model, mayHaveForgotten } = question
    const traceparent = currentTraceparent()
    const input = {
      deviceKey,
      realm: REALM,
      ...(model === undefined ? {} : { model }),
      ...(mayHaveForgotten ? { mayHaveForgotten } : {}),
    }
    const reply = await bus.request(deviceCredential, input, traceparent === undefined ? {} : { traceparent })
    if (!reply.ok) {
      log.warn({ device_key: deviceKey, code: reply.error.code }, 'cwmp.credential.unanswered')
      return { kind: 'unanswered' }
    }
    const candidates = reply.data.kind === 'known' ? reply.data.candidates : []
    kept.delete(name)
    kept.set(name, { at: clock.now(), revision, candidates })
    if (kept.size > KEPT_ANSWERS) kept.delete(kept.keys().next().value ?? '')
    return { kind: 'answered', candidates }
  }
}
