import type { CampaignReport } from '@sluice/contracts'
import { failuresChart } from './failures-chart.ts'
import { count, minute, share } from './figures.ts'
import { funnelChart } from './funnel-chart.ts'
import { Markup, html } from './markup.ts'
import { stagesChart } from './stages-chart.ts'
import { STYLE } from './style.ts'
import { actsTable, countersBar, countersLegend, outcomesTable, wavesTable } from './tables.ts'
import { versionsChart } from './versions-chart.ts'

/** Nothing is loaded and nothing runs, whatever a device called itself: said by the page, and again by who serves it. */
export const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

/** A report as one page that stands alone: no scripts, nothing loaded from elsewhere. */
export function reportPage(report: CampaignReport): string {
  const { campaign } = report
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${new Markup(PAGE_POLICY)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>${campaign.name}: campaign report</title>
        <style>
          ${new Markup(STYLE)}
        </style>
      </head>
      <body>
        ${head(report)}
        <main>
          ${tiles(report)}
          ${section('How they stand', 'Every upgrade of the campaign, by the class it counts in.', html`${countersBar(campaign.counters)}${countersLegend(campaign.counters)}`)}
          <div class="pair">
            ${section('How far they came', 'Each stage holds all that reached it in their last try; what was lost on the way is pale.', funnelChart(report))}
            ${section('Versions over time', 'How many devices ran which version, by what they reported; UTC.', versionsChart(report))}
            ${section('Failures by code and model', 'Upgrades that hurt their device, lost its settings, or never came back.', failuresChart(report))}
            ${section('Time per stage', 'Of the successes, on a logarithmic scale.', stagesChart(report))}
          </div>
          ${section('Outcomes', 'Each with its reason.', outcomesTable(report), true)}
          ${section('Waves', 'As they stand now, each with what its gate said last.', wavesTable(report), true)}
          ${section('Decisions and acts', 'Who did what, with the counters of that moment. What people did is marked.', actsTable(report), true)}
        </main>
        <footer>
          Campaign ${campaign.campaignId}, as of ${minute(report.generatedAt)} UTC.
          ${report.settled ? 'Nothing is under way; late facts may still move outcomes for some days.' : 'Not final: upgrades are open, or may still be offered.'}
          ${report.truncated.length === 0 ? null : `Not shown in full: ${report.truncated.join(', ')}.`}
        </footer>
      </body>
    </html> `.text
}

function section(title: string, lead: string, content: Markup, long = false): Markup {
  return html`<section${long ? html` class="long"` : null}><h2>${title}</h2><p class="lead">${lead}</p>${content}</section>`
}

function head({ campaign, firstOfferAt, lastMoveAt, attempts }: CampaignReport): Markup {
  const facts = [
    ['To version', campaign.version],
    ['Planned by', campaign.createdBy.replace(/^operator:/, '')],
    ['On', minute(campaign.createdAt)],
    ['First offer', firstOfferAt === null ? 'none yet' : minute(firstOfferAt)],
    ['Last move', lastMoveAt === null ? 'none yet' : minute(lastMoveAt)],
    ['Attempts', count(attempts)],
  ] as const
  return html`<header>
    <div class="head">
      <h1>${campaign.name}</h1>
      <span class="badge s-${campaign.state}">${campaign.state}</span>
    </div>
    ${campaign.stateReason === null ? null : html`<p class="why">${campaign.stateReason}</p>`}
    <dl class="facts">
      ${facts.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
  </header>`
}

function tiles({ campaign: { size, counters } }: CampaignReport): Markup {
  const hurt = counters.hard + counters.silent
  const open = counters.pending + counters.inFlight + counters.unproven
  const all = [
    ['Devices planned', size, 'benign', null],
    ['Upgraded', counters.success, 'success', share(counters.success, size)],
    ['Hurt or silent', hurt, 'hard', share(hurt, size)],
    ['Settings lost', counters.configLost, 'config_lost', share(counters.configLost, size)],
    ['Not settled', open, 'pending', share(open, size)],
  ] as const
  return html`<div class="tiles">
    ${all.map(
      ([label, figure, colour, part]) =>
        html`<div class="tile">
          <i class="k-${colour}"></i><b>${count(figure)}</b
          ><span>${label}${part === null ? null : html`, ${part}`}</span>
        </div>`,
    )}
  </div>`
}
