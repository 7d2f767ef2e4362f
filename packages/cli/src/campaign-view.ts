import type { Campaign, Counters } from '@sluice/contracts'
import { printable } from './table.ts'

const WIDTH = 40

/** A campaign as a person watches it: one bar per wave, its counters, and what its gate said. */
export function campaignLines(campaign: Campaign): string[] {
  const reason = campaign.stateReason === null ? '' : `: ${printable(campaign.stateReason)}`
  return [
    `${printable(campaign.name)} to ${printable(campaign.version)}  ${campaign.state}${reason}`,
    ...campaign.waves.map(
      (wave) =>
        `  wave ${wave.wave} ${bar(wave.counters, wave.size)} ${figures(wave.counters, wave.size)}  ${standing(campaign, wave)}`,
    ),
    ...waiting(campaign),
  ]
}

/** Nothing moves, and somebody may have to do something: what the gate of the wave waits for. */
function waiting({ state, counters, waves }: Campaign): string[] {
  const open = waves.findLast((wave) => wave.state === 'open')
  if (state !== 'running' || counters.inFlight + counters.unproven > 0 || open?.gate == null) return []
  return [`  ${printable(open.gate)}`]
}

/** An open wave of a campaign that is paused is paused. */
function standing(campaign: Campaign, wave: Campaign['waves'][number]): string {
  return wave.state === 'open' && campaign.state === 'paused' ? 'paused' : wave.state
}

/** Settled well, settled badly, on the way, to come: `#`, `!`, `~` and `.`; whoever is hurt shows, however large the wave. */
function bar(counters: Counters, size: number): string {
  const widthOf = (count: number) => (size === 0 ? 0 : Math.ceil((count / size) * WIDTH))
  const others = [
    '!'.repeat(widthOf(hurtOf(counters))),
    '-'.repeat(widthOf(counters.benign)),
    '~'.repeat(widthOf(counters.inFlight + counters.unproven)),
  ].join('')
  const good = '#'.repeat(Math.max(0, Math.min(widthOf(counters.success), WIDTH - others.length)))
  return `[${(good + others).slice(0, WIDTH).padEnd(WIDTH, '.')}]`
}

function figures(counters: Counters, size: number): string {
  const moving = counters.inFlight + counters.unproven
  return `${counters.success} of ${size} verified, ${hurtOf(counters)} hurt, ${moving} moving`
}

/** Devices a subscriber would call about. */
export function hurtOf(counters: Counters): number {
  return counters.hard + counters.silent + counters.stalled + counters.configLost
}
