import type { Bus } from '@sluice/bus'
import { upgradeClaim } from '@sluice/contracts'
import { currentTraceparent } from '@sluice/runtime'
import type { Answer, ClaimInput } from '../tasks/task.ts'
import type { Session } from './session.ts'
import { type Heard, type Step, step, type World } from './step.ts'

/** Steps until there is something to say to the device; claims are asked of the scheduler on the way. */
export async function carryOut(session: Session, heard: Heard, world: World & { readonly bus: Bus }): Promise<Step> {
  let now = step(session, heard, world)
  while (now.say.kind === 'claim') {
    const answer = await claim(world.bus, now.say.input)
    const next = step(now.session, { kind: 'claim_answer', answer }, { ...world, record: now.record })
    now = { ...next, facts: [...now.facts, ...next.facts], changes: [...now.changes, ...next.changes] }
  }
  return now
}

async function claim(bus: Bus, input: ClaimInput): Promise<Extract<Answer, { kind: 'claimed' | 'unclaimed' }>> {
  const traceparent = currentTraceparent()
  const reply = await bus.request(upgradeClaim, input, traceparent === undefined ? {} : { traceparent })
  return reply.ok ? { kind: 'claimed', answer: reply.data } : { kind: 'unclaimed' }
}
