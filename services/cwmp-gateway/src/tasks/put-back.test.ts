import { deviceProfile } from '@sluice/model-profiles'
import { expect, test } from 'vitest'
import { blankRecord, informedSession } from '../testing/step-parts.ts'
import { attemptId, TARGET, watchOf } from '../testing/upgrade-parts.ts'
import { beginPutBack, continuePutBack, lacksSettings, putBackName } from './put-back.ts'
import type { Answer, Knowledge, Move } from './task.ts'

const watch = watchOf(1, { restore: true })
const known: Knowledge = {
  now: 0,
  record: blankRecord,
  profile: deviceProfile,
  digest: (_, value) => value,
  // What is sealed as `x` is the value `x`; what is sealed as `?` opens for nobody.
  keeping: {
    close: (_, { value }) => value,
    open: (_, sealed) => (sealed === '?' ? null : { value: sealed, type: 'string' }),
  },
  session: { ...informedSession, model: { ...informedSession.model, softwareVersion: TARGET } },
  watch,
}

/** A device with these values, which refuses to be written what `refuses` says. */
function putBackOn(
  device: Record<string, string>,
  kept: Record<string, string> | null,
  refuses: (names: string[]) => Answer | null = () => null,
) {
  const written: Record<string, string> = {}
  const wrote: string[][] = []
  const answerTo = (move: Move): Answer => {
    if (move.next.kind === 'ask') return { kind: 'kept', settings: kept }
    if (move.next.kind !== 'call') throw new Error('there is nothing to answer')
    const { call } = move.next
    if (call.kind === 'get_parameter_values') {
      if (call.names.some((name) => device[name] === undefined)) return fault(9005)
      const parameters = call.names.map((name) => ({ name, value: device[name]!, type: 'string' }))
      return { kind: 'response', message: { kind: 'get_parameter_values_response', parameters } }
    }
    if (call.kind !== 'set_parameter_values') throw new Error(`not asked for: ${call.kind}`)
    const names = call.parameters.map(({ name }) => name)
    wrote.push(names)
    const refusal = refuses(names)
    if (refusal !== null) return refusal
    for (const { name, value } of call.parameters) written[name] = value
    return { kind: 'response', message: { kind: 'set_parameter_values_response', status: 0 } }
  }
  let move = beginPutBack(watch, known)
  while (move.next.kind === 'ask' || move.next.kind === 'call') {
    const { progress } = move.next
    if (progress.kind !== 'put_back') throw new Error('it is another task')
    move = continuePutBack(progress, answerTo(move), known)
  }
  return { written, wrote, facts: move.facts }
}

const fault = (code: number, ...names: string[]): Answer => ({
  kind: 'fault',
  code,
  text: '',
  parameters: names.map((name) => ({ name, code: 9008, text: '' })),
})
const told = (names: string[], refused: { name: string; faultCode: number }[] = []) => [
  { kind: 'settings_restored', attemptId: attemptId(1), names, refused },
]

test('what differs is written, and nothing else', () => {
  const { written, facts } = putBackOn({ a: 'factory', b: 'mine', c: '' }, { a: 'home', b: 'mine', c: 'user' })
  expect(written).toEqual({ a: 'home', c: 'user' })
  expect(facts).toEqual(told(['a', 'c']))
})

test('what the device has not got any more is passed over, and the rest is put back', () => {
  expect(putBackOn({ a: 'factory' }, { a: 'home', gone: 'x' })).toMatchObject({
    written: { a: 'home' },
    facts: told(['a']),
  })
})

test('what a fault names is left out, and the rest is written', () => {
  const refuses = (names: string[]) => (names.includes('b') ? fault(9003, 'b') : null)
  const { written, facts } = putBackOn({ a: '1', b: '2', c: '3' }, { a: 'x', b: 'y', c: 'z' }, refuses)
  expect(written).toEqual({ a: 'x', c: 'z' })
  expect(facts).toEqual(told(['a', 'c'], [{ name: 'b', faultCode: 9008 }]))
})

test('a fault that names nothing is hunted down by halves', () => {
  const refuses = (names: string[]) => (names.includes('c') ? fault(9003) : null)
  const device = { a: '1', b: '2', c: '3', d: '4' }
  const { written, facts } = putBackOn(device, { a: 'w', b: 'x', c: 'y', d: 'z' }, refuses)
  expect(written).toEqual({ a: 'w', b: 'x', d: 'z' })
  expect(facts).toMatchObject([{ refused: [{ name: 'c', faultCode: 9003 }] }])
})

test('a device that refuses everything is asked a bounded number of times', () => {
  const names = Array.from({ length: 32 }, (_, n) => `p${n}`)
  const all = (value: string) => Object.fromEntries(names.map((name) => [name, value]))
  const { wrote, facts } = putBackOn(all('factory'), all('mine'), () => fault(9001))
  expect(wrote).toHaveLength(63)
  expect(facts).toMatchObject([{ names: [], refused: names.map((name) => ({ name, faultCode: 9001 })) }])
})

test('what cannot be opened is not written', () => {
  expect(putBackOn({ a: '1' }, { a: '?' })).toMatchObject({
    written: {},
    facts: told([], [{ name: 'a', faultCode: 8002 }]),
  })
})

test('where nothing differs any more, or nothing is kept, that is told', () => {
  expect(putBackOn({ a: 'home' }, { a: 'home' })).toMatchObject({ wrote: [], facts: told([]) })
  expect(putBackOn({ a: 'home' }, null)).toMatchObject({ wrote: [], facts: told([]) })
})

test('where the scheduler is away nothing is told, and the next session asks again', () => {
  const asking = beginPutBack(watch, known)
  if (asking.next.kind !== 'ask' || asking.next.progress.kind !== 'put_back') throw new Error('it asks nobody')
  expect(continuePutBack(asking.next.progress, { kind: 'unclaimed' }, known)).toEqual({ next: { kind: 'done' } })
})

test('a device that was lost over it is not asked again', () => {
  const lost = { ...known, record: { ...blankRecord, asked: putBackName(attemptId(1)) } }
  expect(beginPutBack(watch, lost)).toEqual({ next: { kind: 'done' }, facts: told([]) })
})

test('only a watched device on its target is put anything back', () => {
  expect(lacksSettings(watch, TARGET)).toBe(true)
  expect(lacksSettings(watch, '1.0')).toBe(false)
  expect(lacksSettings(watchOf(1), TARGET)).toBe(false)
  expect(lacksSettings(watchOf(1, { restore: true, mode: 'settled' }), TARGET)).toBe(false)
})
