import type { Counters, GateAnswer } from '@sluice/rollout'
import { toTime } from '../parts.ts'

const percent = (rate: number): string => `${Math.round(rate * 1_000) / 10} %`

const STOPS = {
  failure_threshold: 'too large a share was hurt',
  limit_hard: 'more devices failed than the limit allows',
  limit_silent: 'more devices fell silent than the limit allows',
  limit_stalled: 'more devices stalled than the limit allows',
  limit_config_lost: 'too large a share lost its settings',
  overdue: 'too many devices have not come back in time',
  below_success_threshold: 'all are settled, and too few of them with success',
  nothing_proven: 'all are settled, and none of them proves anything',
} as const

/** What a gate said, with the figures it said it on. */
export function gateSentence(wave: { readonly wave: number }, counters: Counters, answer: GateAnswer): string {
  const { figures } = answer
  const basis =
    `${figures.settled} settled of ${figures.needed} needed, ${percent(figures.successRate)} with success, ` +
    `${percent(figures.failureRate)} hurt (${counters.hard} failed, ${counters.silent} silent), ` +
    `${counters.stalled} stalled, ${counters.config_lost} lost settings, ${figures.overdue} overdue`
  return `wave ${wave.wave} ${verdictOf(answer)}: ${basis}`
}

function verdictOf(answer: GateAnswer): string {
  switch (answer.kind) {
    case 'stop':
      return `stops the campaign, because ${STOPS[answer.reason]}`
    case 'advance':
      return 'has passed its gate'
    case 'wait':
      switch (answer.reason) {
        case 'too_few_settled':
          return 'waits for more devices to settle'
        case 'below_success_threshold':
          return 'waits for more success'
        case 'soaking':
          return `rests until ${toTime(answer.until)}`
        case 'too_early':
          return `is not to be followed before ${toTime(answer.until)}`
        case 'approval':
          return 'waits for an approval'
        case 'outside':
          return 'waits for the gate outside'
      }
  }
}
