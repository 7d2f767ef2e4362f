import type { ObservedFact, Watch } from '@sluice/contracts'
import type { SetParameterValues } from '@sluice/cwmp'
import { batchesOf, halved, type NameBatches } from './name-batches.ts'
import type { Answer, Knowledge, Move, Progress } from './task.ts'
import { isAtTarget } from './verify.ts'

type PutBackProgress = Extract<Progress, { kind: 'put_back' }>
type Refused = Extract<ObservedFact, { kind: 'settings_restored' }>['refused'][number]

/** Between two POSTs: the values stay sealed. */
export interface PuttingBack {
  readonly kept: Readonly<Record<string, string>>
  /** Still to be read, and then to be written. */
  readonly batches: NameBatches
  readonly differing: readonly string[]
  readonly names: readonly string[]
  readonly refused: readonly Refused[]
}

/** Our own fault: what was kept cannot be opened (TR-069 A.5.2, internal error). */
const CANNOT_OPEN = 8002

/** Whether this device lost settings to the upgrade it is watched for, and they were kept. */
export function lacksSettings(watch: Watch | null, softwareVersion: string | null): watch is Watch {
  return watch?.restore === true && isAtTarget(watch, softwareVersion)
}

/**
 * 10.a: asks for what was kept, reads what is there now, and writes what differs. The snapshot is read after it, as in
 * every session of a watched device. A device that was lost over this once is not asked again.
 */
export function beginPutBack({ attemptId }: Watch, { session, record }: Knowledge): Move {
  const { deviceKey } = session
  if (record.asked === putBackName(attemptId)) return told(attemptId, { names: [], refused: [] })
  const question = { kind: 'settings_kept', input: { attemptId, deviceKey } } as const
  return { next: { kind: 'ask', question, progress: { kind: 'put_back', attemptId, stage: { kind: 'asking' } } } }
}

export function continuePutBack({ attemptId, stage }: PutBackProgress, answer: Answer, known: Knowledge): Move {
  switch (stage.kind) {
    case 'asking': {
      // Nobody answered: the next session asks again.
      if (answer.kind !== 'kept') return { next: { kind: 'done' } }
      if (answer.settings === null) return told(attemptId, { names: [], refused: [] })
      const kept = answer.settings
      const batches = batchesOf(Object.keys(kept), known.profile.namesPerRead)
      return read(attemptId, { kept, batches, differing: [], names: [], refused: [] }, known)
    }
    case 'reading':
      return read(attemptId, compare(stage.puttingBack, answer, known), known)
    case 'writing':
      return write(attemptId, note(stage.puttingBack, answer), known)
  }
}

/** The name under which it is begun. */
export function putBackName(attemptId: string): string {
  return `put_back:${attemptId}`
}

function read(attemptId: string, puttingBack: PuttingBack, known: Knowledge): Move {
  const [names] = puttingBack.batches
  if (names === undefined) {
    const batches = batchesOf(puttingBack.differing, known.profile.namesPerRead)
    return write(attemptId, { ...puttingBack, batches }, known)
  }
  const progress = { kind: 'put_back', attemptId, stage: { kind: 'reading', puttingBack } } as const
  return { next: { kind: 'call', call: { kind: 'get_parameter_values', names }, progress } }
}

/** What the device does not have any more is not written: it would refuse all that stands beside it. */
function compare(puttingBack: PuttingBack, answer: Answer, known: Knowledge): PuttingBack {
  const [asked = [], ...rest] = puttingBack.batches
  if (answer.kind !== 'response' || answer.message.kind !== 'get_parameter_values_response') {
    return { ...puttingBack, batches: halved(puttingBack.batches, answer) ?? rest }
  }
  const values = new Map(answer.message.parameters.toReversed().map(({ name, value }) => [name, value]))
  const now = asked.filter((name) => values.has(name)).map((name) => ({ name, was: open(name, puttingBack, known) }))
  const differing = now.flatMap(({ name, was }) => (was !== null && was.value !== values.get(name) ? [name] : []))
  const lost = now.flatMap(({ name, was }) => (was === null ? [{ name, faultCode: CANNOT_OPEN }] : []))
  return {
    ...puttingBack,
    batches: rest,
    differing: [...puttingBack.differing, ...differing],
    refused: [...puttingBack.refused, ...lost],
  }
}

function write(attemptId: string, puttingBack: PuttingBack, known: Knowledge): Move {
  const [names] = puttingBack.batches
  if (names === undefined) return told(attemptId, puttingBack)
  const parameters = names.flatMap((name): SetParameterValues['parameters'] => {
    const was = open(name, puttingBack, known)
    return was === null ? [] : [{ name, ...was }]
  })
  const progress = { kind: 'put_back', attemptId, stage: { kind: 'writing', puttingBack } } as const
  return {
    next: { kind: 'call', call: { kind: 'set_parameter_values', parameters, parameterKey: '' }, progress },
  }
}

/**
 * All or nothing (TR-069 A.3.2.1): what the fault names is left out and the rest said again; where it names nothing,
 * in halves, down to the one that is refused.
 */
function note(puttingBack: PuttingBack, answer: Answer): PuttingBack {
  const [asked = [], ...rest] = puttingBack.batches
  if (answer.kind === 'response') {
    return { ...puttingBack, batches: rest, names: [...puttingBack.names, ...asked] }
  }
  const named = answer.kind === 'fault' ? answer.parameters.filter(({ name }) => asked.includes(name)) : []
  const refusedOf = (names: readonly string[], faultCode: number) => names.map((name) => ({ name, faultCode }))
  if (named.length > 0) {
    const others = asked.filter((name) => !named.some((fault) => fault.name === name))
    const refused = [...new Map(named.map(({ name, code }) => [name, { name, faultCode: code }])).values()]
    return {
      ...puttingBack,
      batches: others.length === 0 ? rest : [others, ...rest],
      refused: [...puttingBack.refused, ...refused],
    }
  }
  if (answer.kind === 'fault' && asked.length > 1) {
    const half = Math.ceil(asked.length / 2)
    return { ...puttingBack, batches: [asked.slice(0, half), asked.slice(half), ...rest] }
  }
  const faultCode = answer.kind === 'fault' ? answer.code : 0
  return { ...puttingBack, batches: rest, refused: [...puttingBack.refused, ...refusedOf(asked, faultCode)] }
}

function open(name: string, { kept }: PuttingBack, { keeping }: Knowledge) {
  const sealed = kept[name]
  return sealed === undefined || keeping === null ? null : keeping.open(name, sealed)
}

function told(attemptId: string, { names, refused }: Pick<PuttingBack, 'names' | 'refused'>): Move {
  const fact = { attemptId, names: [...names], refused: [...refused] }
  return { next: { kind: 'done' }, facts: [{ kind: 'settings_restored', ...fact }] }
}
