import { isCpeRequest, rpcNameOf } from '@sluice/cwmp'
import type { Step, World } from './step.ts'
import { type Heard, step } from './step.ts'
import type { Question, TaskReport, ToldAnswer } from '../tasks/task.ts'
import type { Session } from './session.ts'

/** The services a session speaks with on its way. */
export interface Services {
  ask(question: Question): Promise<ToldAnswer>
  /** Resolves once device-tasks has it, and rejects otherwise. */
  report(deviceKey: string, reports: readonly TaskReport[]): Promise<void>
}

export interface CarriedOut extends Step {
  /** Answers nobody had asked for yet, by their names. */
  readonly ignored: readonly string[]
}

/**
 * Steps through what one POST holds until there is something to say to the device. What became of a call is reported
 * before anything else is asked or said: nobody will tell it again.
 *
 * One call waits at a time, so one POST answers one: a further answer in it (there are CPE that repeat theirs) is that of
 * nothing, least of all of the call the first has just led to, which the device has not seen.
 */
export async function carryOut(
  session: Session,
  heard: readonly Heard[],
  world: World,
  services: Services,
): Promise<CarriedOut> {
  let now: Step | null = null
  let hasAnswered = false
  const ignored: string[] = []
  for (const each of heard) {
    if (isAnswer(each)) {
      if (hasAnswered) {
        ignored.push(rpcNameOf(each.message))
        continue
      }
      hasAnswered = true
    }
    const before: Session = now?.session ?? session
    const next = await carryOutOne(before, each, { ...world, record: now?.record ?? world.record }, services)
    now = now === null ? next : joined(now, next)
    if (now.say.kind === 'refuse') break
  }
  if (now === null) throw new Error('a POST holds something, or it is empty')
  return { ...now, ignored }
}

function isAnswer(heard: Heard): heard is Extract<Heard, { kind: 'message' }> {
  return heard.kind === 'message' && !isCpeRequest(heard.message)
}

async function carryOutOne(session: Session, heard: Heard, world: World, services: Services): Promise<Step> {
  let now = step(session, heard, world)
  await tell(now)
  while (now.say.kind === 'ask') {
    const answer = await services.ask(now.say.question)
    const next = step(now.session, { kind: 'told', answer }, { ...world, record: now.record })
    await tell(next)
    now = { ...next, ...bothOf(now, next) }
  }
  return now

  async function tell({ reports }: Step): Promise<void> {
    if (reports.length > 0) await services.report(session.deviceKey, reports)
  }
}

/**
 * Of several envelopes in one POST one can be answered, since the CPE takes one a time (MaxEnvelopes, TR-069 A.3.3.1).
 * What comes first in the order of the CPE: a call of ours that a response led to, since it is noted as sent; else the
 * answer to its first request. What is not answered it brings again by its own rules; it is stored already, and stored
 * twice is stored once (quirk 42).
 */
function joined(before: Step, next: Step): Step {
  const both = { ...next, ...bothOf(before, next) }
  if (next.say.kind === 'call' || next.say.kind === 'refuse') return both
  return before.say.kind === 'call' || before.say.kind === 'answer' ? { ...both, say: before.say } : both
}

function bothOf(before: Step, next: Step): Pick<Step, 'facts' | 'reports' | 'changes'> {
  return {
    facts: [...before.facts, ...next.facts],
    reports: [...before.reports, ...next.reports],
    changes: [...before.changes, ...next.changes],
  }
}
