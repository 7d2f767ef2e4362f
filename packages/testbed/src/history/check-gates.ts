import type { History, JournalRow, Violation } from './history.ts'
import {
  type Counts,
  type Moved,
  type Plan,
  addMove,
  addedTo,
  countsOf,
  inJournalWords,
  movesOf,
  plansOf,
} from './replay.ts'

/** What a decision of the scheduler's own says it was made on. */
interface Decision {
  readonly row: JournalRow
  readonly plan: Plan
  readonly counters: Counts
  readonly reason: string
  /** What a gate was asked on, where one decided it. */
  readonly gate: Asked | undefined
  /** Each wave as the journal had it, at this row and just before it. */
  readonly seen: readonly Counts[][]
}

interface Asked {
  readonly wave: number
  readonly clock: { readonly overdue: number }
}

interface Written {
  readonly from?: string
  readonly to?: string
  readonly wave?: number
  readonly reason?: string | null
  readonly counters?: Counts
  readonly gate?: Asked
}

/** Every opened wave and every stop by a gate is explained by the counters written with it, and those by the rows before it. */
export function checkGates(history: History): Violation[] {
  const plans = plansOf(history)
  const violations: Violation[] = []
  const resumed = new Set<string>()
  /** Waves of campaigns; a resume withdraws what was approved before it. */
  let approved = new Set<string>()
  for (const row of history.rows) {
    const plan = row.campaignId === null ? undefined : plans.get(row.campaignId)
    if (plan === undefined) continue
    const data = row.data as Written
    if (row.kind === 'campaign.wave_approved') approved.add(`${plan.campaignId} ${data.wave}`)
    if (data.from === 'paused' && data.to === 'running') {
      resumed.add(plan.campaignId)
      approved = new Set([...approved].filter((one) => !one.startsWith(`${plan.campaignId} `)))
    }
    const isDecision = row.kind === 'campaign.moved' || row.kind === 'campaign.wave_opened'
    if (!isDecision) continue
    if (data.counters === undefined) {
      // People's too: all of them are written with the figures that they were made on.
      violations.push({ rule: 'decisions_have_counters', detail: `${plan.campaignId}: ${row.kind}`, seq: row.seq })
      continue
    }
    const { reason, gate } = data
    const counters = inJournalWords(data.counters)
    const decision = { row, plan, counters, reason: reason ?? '', gate, seen: wavesSeen(history, row, plan) }
    violations.push(...checkFigures(decision, history))
    if (row.actor !== SCHEDULER) continue
    const said = { approved, isResumed: resumed.has(plan.campaignId) }
    if (row.kind === 'campaign.wave_opened') violations.push(...checkAdvance(decision, data.wave ?? 0, said))
    else if (data.to === 'finished') violations.push(...checkFinish(decision))
    else violations.push(...checkStop(decision, history))
  }
  return violations
}

const SCHEDULER = 'service:campaign-scheduler'

/** Each wave's counters after the rows before a decision; where rows were under way beside it, after each of the last ones too. */
function wavesSeen(history: History, { seq }: JournalRow, plan: Plan): Counts[][] {
  const before = campaignMoves(history, plan).filter((moved) => moved.row.seq < seq)
  const added = addedTo(history, plan.campaignId).filter(({ row }) => row.seq < seq)
  return plan.waves.map(({ wave, size }) => {
    const counts = countsOf(size + added.filter((one) => one.wave === wave).length)
    const own = before.filter((moved) => moved.wave === wave)
    const states = [{ ...counts }]
    for (const moved of own) {
      addMove(counts, moved)
      states.push({ ...counts })
    }
    return states.slice(-history.underWay - 1).toReversed()
  })
}

const campaignMoves = (history: History, plan: Plan): Moved[] =>
  movesOf(history).filter(({ campaignId }) => campaignId === plan.campaignId)

/** The counters written are those of the rows before, less at most what was under way. */
function checkFigures({ row, plan, counters }: Decision, history: History): Violation[] {
  const before = campaignMoves(history, plan).filter((moved) => moved.row.seq < row.seq)
  const added = addedTo(history, plan.campaignId).filter((one) => one.row.seq < row.seq).length
  const size = plan.size + added
  const sure = countsOf(size)
  const cut = before.length - history.underWay
  for (const moved of before.slice(0, Math.max(0, cut))) addMove(sure, moved)
  const sum = Object.values(counters).reduce((total, n) => total + n, 0)
  if (sum > size || sum < size - Math.min(added, history.underWay)) {
    const detail = `${plan.campaignId} decided on ${sum} upgrades of ${size}`
    return [{ rule: 'decisions_count_everybody', detail, seq: row.seq }]
  }
  const least: Counts = { ...sure, pending: (sure['pending'] ?? 0) - (size - sum) }
  const most: Counts = { ...sure }
  for (const { countedAs, countsAs } of before.slice(Math.max(0, cut))) {
    least[countedAs] = (least[countedAs] ?? 0) - 1
    most[countsAs] = (most[countsAs] ?? 0) + 1
  }
  return Object.keys(sure)
    .filter((name) => (counters[name] ?? 0) < least[name]! || (counters[name] ?? 0) > most[name]!)
    .map((name) => {
      const detail = `${plan.campaignId} decided on ${counters[name]} ${name}, the journal has ${least[name]} to ${most[name]}`
      return { rule: 'decisions_are_on_the_fold', detail, seq: row.seq }
    })
}

/** What people have said of a campaign by then. */
interface Said {
  readonly approved: ReadonlySet<string>
  /** Its harm was seen and accepted: a wave that is all settled is left once somebody approves that. */
  readonly isResumed: boolean
}

function checkAdvance({ row, plan, seen, reason }: Decision, wave: number, said: Said): Violation[] {
  const before = wave - 2
  if (before < 0) return []
  const unexplained = (rule: string, detail: string) => [{ rule, detail, seq: row.seq }]
  const rule = plan.policy.waves[before]
  const isApproved = said.approved.has(`${plan.campaignId} ${wave - 1}`)
  if (rule?.advance === 'manual' && !isApproved) {
    return unexplained('gate_waits_for_approval', `wave ${wave} of ${plan.campaignId} was opened without one`)
  }
  if (plan.waves[before]?.size === 0) return []
  const explains = seen[before]?.some((counts) => {
    const { settled, needed, successRate } = figuresOf(counts, plan)
    if (said.isResumed && isApproved && openIn(counts) === 0) return true
    return settled >= needed && successRate >= plan.policy.gate.successThreshold && !isHurt(counts, plan)
  })
  if (explains) return []
  return unexplained(
    'gate_opens_on_success',
    `wave ${wave} of ${plan.campaignId} was opened, on ${JSON.stringify(seen[before]?.[0])}: ${reason}`,
  )
}

function checkStop(decision: Decision, history: History): Violation[] {
  const { row, plan, seen, reason } = decision
  const explains =
    seen.some((states) => states.some((counts) => isHurt(counts, plan) || isBelow(counts, plan))) ||
    isSuspect(reason, history, row, plan) ||
    (reason.startsWith('the gate outside ') && plan.policy.gate.external !== undefined) ||
    isExpired(decision) ||
    isOverdue(decision)
  if (explains) return []
  const detail = `${plan.campaignId} was stopped, on ${JSON.stringify(seen.map((states) => states[0]))}: ${reason}`
  return [{ rule: 'gate_stops_on_harm', detail, seq: row.seq }]
}

function checkFinish({ row, plan, counters }: Decision): Violation[] {
  const open = openIn(counters)
  if (open === 0) return []
  return [
    { rule: 'gate_finishes_the_settled', detail: `${plan.campaignId} is finished with ${open} open`, seq: row.seq },
  ]
}

const openIn = (counts: Counts): number =>
  (counts['pending'] ?? 0) + (counts['in_flight'] ?? 0) + (counts['unproven'] ?? 0)

function figuresOf(counts: Counts, { policy }: Plan) {
  const of = (name: string) => counts[name] ?? 0
  const good = of('success') + of('config_lost')
  const settled = good + of('hard') + of('silent') + of('stalled')
  const size = Object.values(counts).reduce((sum, n) => sum + n, 0)
  const needed = Math.max(1, Math.min(policy.gate.minSettled, size - of('benign')))
  const rate = (n: number) => (settled === 0 ? 0 : n / settled)
  return {
    settled,
    needed,
    successRate: rate(good),
    failureRate: rate(of('hard') + of('silent')),
    lostRate: rate(of('config_lost')),
  }
}

function isHurt(counts: Counts, plan: Plan): boolean {
  const { gate, configLossDeclared } = plan.policy
  const { settled, needed, failureRate, lostRate } = figuresOf(counts, plan)
  const over = (name: string) => gate.limits[name] !== undefined && (counts[name] ?? 0) > gate.limits[name]
  if (over('hard') || over('silent') || over('stalled')) return true
  if (settled < needed) return false
  return failureRate > gate.failureThreshold || (!configLossDeclared && lostRate > (gate.limits['configLost'] ?? 0.01))
}

/** All settled, and not enough of them with success. */
function isBelow(counts: Counts, plan: Plan): boolean {
  const { settled, successRate } = figuresOf(counts, plan)
  return openIn(counts) === 0 && (settled === 0 || successRate < plan.policy.gate.successThreshold)
}

/** "5 devices refused the image with fault 9018": so many devices said so before. */
function isSuspect(reason: string, history: History, { seq }: JournalRow, plan: Plan): boolean {
  const [, devices, fault] = /^(\d+) devices refused the image with fault (\d+)/.exec(reason) ?? []
  if (devices === undefined) return false
  const refused = campaignMoves(history, plan)
    .filter(({ row, fact }) => row.seq < seq && 'faultCode' in fact && String(fact.faultCode) === fault)
    .map(({ deviceKey }) => deviceKey)
  return new Set(refused).size >= Number(devices)
}

/** "the release of 2.0 expired 2026-01-01T00:00:00.000Z": by then it had. */
function isExpired({ row, reason }: Decision): boolean {
  const [, at] = /^the release of .* expired (\S+)$/.exec(reason) ?? []
  return at !== undefined && Date.parse(at) <= row.at
}

/** More were overdue than are allowed, by the figure written with it, and so many of that wave were on their way. */
function isOverdue({ plan, reason, gate, seen }: Decision): boolean {
  const limit = plan.policy.gate.limits['overdue']
  if (gate === undefined || limit === undefined || !reason.includes('have not come back in time')) return false
  const { overdue } = gate.clock
  return overdue > limit && (seen[gate.wave - 1] ?? []).some((counts) => (counts['in_flight'] ?? 0) >= overdue)
}
