import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Answer, type TaskFact, type TaskFacts, isOpen, learn, newTask, stateOf } from './task-machine.ts'

const answer: fc.Arbitrary<Answer> = fc.oneof(
  fc.constantFrom<Answer>({ kind: 'done' }, { kind: 'later' }, { kind: 'unanswered' }, { kind: 'not_sent' }),
  fc.record({ kind: fc.constant('fault' as const), faultCode: fc.integer({ min: 9000, max: 9032 }) }),
)
const answered = answer.map((one): TaskFact => ({ kind: 'answered', answer: one }))
const completed = fc
  .option(fc.integer({ min: 9000, max: 9032 }))
  .map((faultCode): TaskFact => ({ kind: 'completed', faultCode }))
const [claimed, cancelled, expired, uploaded] = (['claimed', 'cancelled', 'expired', 'uploaded'] as const).map(
  (kind): TaskFact => ({ kind }),
) as [TaskFact, TaskFact, TaskFact, TaskFact]
const fact = fc.oneof(answered, completed, fc.constantFrom(claimed, cancelled, expired, uploaded))

function play(facts: readonly TaskFact[], start: TaskFacts = newTask(true)): TaskFacts {
  return facts.reduce((known, one) => learn(known, one).facts, start)
}

describe('in any order and number, facts', () => {
  test('send a task once at most, and never one that was cancelled or timed out before', () => {
    fc.assert(
      fc.property(fc.array(fact, { maxLength: 30 }), fc.boolean(), (facts, completesLate) => {
        let known = newTask(completesLate)
        let sent = 0
        for (const one of facts) {
          const before = stateOf(known)
          const { facts: after, ignored } = learn(known, one)
          if (one.kind === 'claimed' && ignored === null) {
            sent += 1
            expect(before).toBe('waiting')
          }
          if (ignored !== null) expect(after).toBe(known)
          known = after
        }
        expect(sent).toBeLessThanOrEqual(1)
        if (sent === 1) expect(['waiting', 'cancelled']).not.toContain(stateOf(known))
      }),
    )
  })

  test('change nothing when they come again', () => {
    fc.assert(
      fc.property(fc.array(fact, { maxLength: 20 }), (facts) => {
        const once = play(facts)
        const last = facts.at(-1)
        if (last !== undefined) expect(play([last, last], once)).toEqual(play([last], once))
      }),
    )
  })

  test('of a call that was sent lead to one state, whichever came first', () => {
    const said = fc.tuple(
      fc.option(answered),
      fc.option(completed),
      fc.boolean(),
      fc.boolean(),
      fc.infiniteStream(fc.nat()),
    )
    fc.assert(
      fc.property(said, fc.boolean(), ([reply, completion, isExpired, isUploaded, places], completesLate) => {
        const facts = [reply, completion, isExpired ? expired : null, isUploaded ? uploaded : null].filter(
          (one) => one !== null,
        )
        const shuffled = facts
          .map((one) => ({ one, place: places.next().value as number }))
          .toSorted((a, b) => a.place - b.place)
          .map(({ one }) => one)
        const start = play([claimed], newTask(completesLate))
        expect(stateOf(play(shuffled, start))).toBe(stateOf(play(facts, start)))
      }),
    )
  })

  test('open an ended task again only when a lost one turns out to have been accepted', () => {
    fc.assert(
      fc.property(fc.array(fact, { maxLength: 30 }), (facts) => {
        let known = newTask(true)
        for (const one of facts) {
          const before = stateOf(known)
          known = learn(known, one).facts
          const after = stateOf(known)
          if (!isOpen(before) && isOpen(after)) expect([before, after]).toEqual(['lost', 'transferring'])
        }
      }),
    )
  })
})

test.each([
  ['a call that waits is over its deadline', [expired], 'timed_out'],
  ['a late report beats the timer', [claimed, expired, { kind: 'completed', faultCode: null }], 'done'],
  ['a late fault beats an answer', [claimed, ans('done'), { kind: 'completed', faultCode: 9010 }], 'faulted'],
  ['nobody answered', [claimed, ans('unanswered')], 'lost'],
  ['an answer after all', [claimed, ans('unanswered'), ans('later')], 'transferring'],
  [
    'the first answer counts',
    [claimed, ans('done'), { kind: 'answered', answer: { kind: 'fault', faultCode: 9001 } }],
    'done',
  ],
  ['never sent, so no answer of its own', [ans('done')], 'waiting'],
  ['a whole upload is evidence when nothing else came', [claimed, uploaded, expired], 'done'],
  ['a whole upload waits for its TransferComplete', [claimed, ans('later'), uploaded], 'transferring'],
] satisfies [string, TaskFact[], string][])('%s', (_, facts, state) => {
  expect(stateOf(play(facts))).toBe(state)
})

function ans(kind: 'done' | 'later' | 'unanswered'): TaskFact {
  return { kind: 'answered', answer: { kind } }
}
