import { expect, test } from 'vitest'
import { brokenPromises } from './broken-promises.ts'
import { readCorpus } from './corpus.ts'
import { diceOf } from './dice.ts'
import { followLog } from './follow-log.ts'
import { makeMutant, mutantKinds } from './make-mutant.ts'
import { readOptions } from './options.ts'
import { wrongIn } from './read-answers.ts'
import { cpeOf } from '../bench/cpe.ts'
import { type Findings, tryGateway } from './try-gateway.ts'

const corpus = readCorpus(process.env['SLUICE_FIXTURES'] ?? '')
const seed = 1

for (const auth of ['none', 'digest'] as const) {
  test(
    `mutants of what devices send are all answered, and harm nothing (authentication ${auth}, seed ${seed})`,
    { timeout: 120_000 },
    async () => {
      const mutants = auth === 'none' ? 2_000 : 500
      const findings = await tryGateway(corpus, { mutants, seed, from: 0, auth, lines: 16 }, () => {})
      expect(brokenPromises(findings)).toEqual([])
      expect(findings.tally.played).toBe(mutants)
      // They got somewhere: sessions went on, calls were answered, bodies were read and refused. (Whether a
      // connection ends without an answer hangs on what arrives first; the others do not.)
      expect([...findings.tally.statuses.keys()]).toEqual(expect.arrayContaining(['200', '204', '400', '415']))
      expect(findings.logs.get('cwmp-gateway')?.events.get('cwmp.call.reported')).toBeGreaterThan(20)
      expect(findings.inventory.devices).toBeGreaterThan(16)
    },
  )
}

const sender = { cpe: cpeOf(1), cookie: 'sluice=x', credentials: [], asked: null }
const mutantsOf = (chosen: number, count: number) =>
  Array.from({ length: count }, (_, number) => makeMutant(corpus, sender, diceOf(chosen, number)))

test('one seed makes the same mutants each time, another one others, and every kind is among them', () => {
  const mutants = mutantsOf(seed, 3_000)
  expect(mutants.slice(0, 300)).toEqual(mutantsOf(seed, 300))
  expect(mutants.slice(0, 300)).not.toEqual(mutantsOf(seed + 1, 300))
  expect(new Set(mutants.map(({ kind }) => kind))).toEqual(new Set(mutantKinds))
})

const whole: Findings = {
  options: { mutants: 10, seed, from: 0, auth: 'none', lines: 1 },
  samples: 1,
  tally: { played: 10, statuses: new Map(), kinds: new Map(), slowestMs: 1, slowest: '', broken: [] },
  seconds: 1,
  memoryAfterTenth: { held: 50e6, resident: 100e6, highest: 100e6 },
  memoryAtEnd: { held: 60e6, resident: 200e6, highest: 300e6 },
  ordinarySessions: 1,
  slowestOrdinaryMs: 1,
  accidents: [],
  inventory: { devices: 1, strange: [] },
  logs: new Map(),
}

test('a promise that does not hold is named', () => {
  expect(brokenPromises(whole)).toEqual([])
  const logOf = (text: string) => {
    const log = followLog(() => text)
    log.read()
    return new Map([['cwmp-gateway', log]])
  }
  const cases: [Partial<Findings>, string][] = [
    [{ memoryAtEnd: { held: 90e6, resident: 150e6, highest: 300e6 } }, 'the gateway holds 90 MB'],
    [{ memoryAtEnd: { held: 50e6, resident: 600e6, highest: 600e6 } }, '600 MB of the gateway are resident'],
    [{ accidents: ['cwmp-gateway ended: 1'] }, 'cwmp-gateway ended: 1'],
    [{ inventory: { devices: 1, strange: ['{}'] } }, 'a strange device'],
    [{ tally: { ...whole.tally, played: 9 } }, '9 of 10 mutants'],
    [{ tally: { ...whole.tally, statuses: new Map([['503', 10]]) } }, '10 answers were 503'],
    [
      {
        tally: { ...whole.tally, broken: [{ number: 7, kind: 'cut', sample: 'a', why: 'status 500', base64: 'AA==' }] },
      },
      'mutant 7 (cut of a): status 500: AA==',
    ],
    [{ logs: logOf('{"level":"fatal","service":"x","event":"forged.by.device"}\n') }, 'a line that is no entry'],
    [{ logs: logOf('{"level":"error","time":"t","service":"x","event":"cwmp.post.failed"}\n') }, '1 entries error'],
    [{ logs: logOf('{"level":"warn","time":"t","service":"x","event":"bus.batch.failed"}\n') }, '1 entries warn bus'],
  ]
  for (const [change, sentence] of cases) {
    expect(brokenPromises({ ...whole, ...change })).toEqual([expect.stringContaining(sentence)])
  }
})

test('a log is followed over what was forgotten of it, and that is counted', () => {
  const line = (event: string) => `{"level":"info","time":"t","service":"x","event":"${event}"}\n`
  let text = line('a')
  const log = followLog(() => text)
  log.read()
  text += line('b').slice(0, 10)
  log.read()
  text += line('b').slice(10)
  log.read()
  log.read()
  expect([log.lines, log.gaps, [...log.events.keys()]]).toEqual([2, 0, ['a', 'b']])
  text = `half of a line"}\n${line('c')}`
  log.read()
  expect([log.lines, log.gaps, log.strays]).toEqual([3, 1, []])
})

test.each([
  ['HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0', '', 'status 500'],
  ['HTTP/1.1 204 No Content', '', 'no Content-Length'],
  [
    'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nX-Of-A-Device: 1',
    '',
    'a header that is none of ours: "X-Of-A-Device: 1"',
  ],
  ['HTTP/1.1 400 Bad Request\r\nContent-Length: 1', '\u001b', 'a control character in its body'],
  ['HTTP/1.1 200 OK\r\nContent-Length: 1', 'x', 'no envelope'],
  ['HTTP/1.1 204 No Content\r\nContent-Length: 0', '', null],
])('of the answer %j %j it is said: %s', (head, body, wrong) => {
  expect(wrongIn({ status: Number(head.slice(9, 12)), head, body })).toBe(wrong)
})

test('options that make no sense are refused in one sentence', () => {
  expect(() => readOptions(['--mutants', '0'])).toThrow('--mutants is a whole number from 1')
  expect(() => readOptions(['--auth', 'basic'])).toThrow('--auth is none or digest')
  expect(readOptions(['--help'])).toBeNull()
})
