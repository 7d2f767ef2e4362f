import type { CampaignReport, StageTime } from '@sluice/contracts'
import { count, duration } from './figures.ts'
import { type Markup, html } from './markup.ts'

const LABELS: Record<StageTime['stage'], string> = {
  answer: 'Answer to Download',
  start: 'Until the first byte',
  transfer: 'Transfer',
  return: 'Flash and return',
  proof: 'Soak and proof',
  whole: 'Offer to outcome',
}
/** The logarithmic scale begins and ends at these, unless a stage took longer. */
const [LEAST_MS, MOST_MS] = [1_000, 3_600_000]
const TICKS = [1_000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 604_800_000]

/** Where the middle, nine in ten and ninety-nine in a hundred of the successes lay, on a logarithmic scale. */
export function stagesChart({ stages }: CampaignReport): Markup {
  if (stages.length === 0) return html`<p class="empty">No upgrade has succeeded yet.</p>`
  const most = Math.max(MOST_MS, ...stages.map(({ p99Ms }) => p99Ms))
  const x = (ms: number) => ((Math.log(Math.max(LEAST_MS, ms) / LEAST_MS) / Math.log(most / LEAST_MS)) * 100).toFixed(3)
  const ticks = TICKS.filter((ms) => ms <= most)
  const grid = ticks.map((ms) => html`<line class="grid" x1="${x(ms)}" x2="${x(ms)}" y2="10" />`)
  const rows = stages.map(
    ({ stage, upgrades, p50Ms, p90Ms, p99Ms }) =>
      html`<div class="row">
        <span class="label">${LABELS[stage]} <small>${count(upgrades)}</small></span>
        <svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
          <rect class="track" width="100" height="10" />
          ${grid}
          <rect class="p99" width="${x(p99Ms)}" y="3" height="4" />
          <rect class="p90" width="${x(p90Ms)}" y="2" height="6" />
          <rect class="p50" width="${x(p50Ms)}" y="1" height="8" />
        </svg>
        <span class="figure"><b>${duration(p50Ms)}</b> <small>${duration(p90Ms)} · ${duration(p99Ms)}</small></span>
      </div>`,
  )
  return html`<div class="rows stages">${rows}</div>
    <ul class="legend">
      <li><i class="p50"></i>half of them</li>
      <li><i class="p90"></i>nine in ten</li>
      <li><i class="p99"></i>ninety-nine in a hundred</li>
      <li class="scale">lines: ${ticks.map(duration).join(', ')}</li>
    </ul>`
}
