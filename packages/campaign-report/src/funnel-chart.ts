import type { CampaignReport } from '@sluice/contracts'
import { count, share } from './figures.ts'
import { type Markup, html } from './markup.ts'

const STEPS = [
  ['planned', 'Planned'],
  ['offered', 'Offered'],
  ['accepted', 'Accepted'],
  ['fetched', 'Fetched'],
  ['returned', 'Returned'],
  ['verified', 'Verified'],
] as const

/** How far they came: each bar is what is left of the one above; the pale part was lost on the way. */
export function funnelChart({ funnel }: CampaignReport): Markup {
  const whole = Math.max(1, funnel.planned)
  let before = funnel.planned
  const rows = STEPS.map(([step, label]) => {
    const here = funnel[step]
    const lost = before - here
    const [width, previous] = [(here / whole) * 100, (before / whole) * 100]
    before = here
    return html`<div class="row">
      <span class="label">${label}</span>
      <svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width="100" height="10" />
        <rect class="lost" width="${previous.toFixed(3)}" height="10" />
        <rect class="kept" width="${width.toFixed(3)}" height="10" />
      </svg>
      <span class="figure"><b>${count(here)}</b> <small>${share(here, funnel.planned)}</small></span>
      <span class="note">${lost > 0 ? `− ${count(lost)}` : ''}</span>
    </div>`
  })
  return html`<div class="rows funnel">${rows}</div>`
}
