import { Readable } from 'node:stream'
import type { Bus } from '@sluice/bus'
import { PAGE_POLICY, csvHeader, csvLine, reportPage } from '@sluice/campaign-report'
import { type OutputOf, type Reply, answered, campaignGet, campaignReport, upgradeList } from '@sluice/contracts'

export type ReportFormat = 'json' | 'csv' | 'html'

export interface WrittenReport {
  readonly headers: Record<string, string>
  readonly body: string | Readable
}

export type WriteReport = (
  campaignId: string,
  format: ReportFormat,
  signal: AbortSignal,
) => Promise<Reply<WrittenReport>>

type Page = OutputOf<typeof upgradeList>

/** Upgrades asked for at once: a page stays well below what one message may have. */
const PAGE = 500

/** A campaign's report in one of its forms. The CSV is written page by page, as fast as it is read. */
export function createReportWriter(bus: Bus): WriteReport {
  return (campaignId, format, signal) =>
    format === 'csv' ? writeCsv(bus, campaignId, signal) : writeWhole(bus, campaignId, format)
}

async function writeWhole(bus: Bus, campaignId: string, format: 'json' | 'html'): Promise<Reply<WrittenReport>> {
  const report = await bus.request(campaignReport, { campaignId })
  if (!report.ok) return report
  if (format === 'json') return answered({ headers: { 'content-type': JSON_TYPE }, body: JSON.stringify(report.data) })
  return answered({
    headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': PAGE_POLICY, ...SAFELY },
    body: reportPage(report.data),
  })
}

const JSON_TYPE = 'application/json; charset=utf-8'
const SAFELY = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' }

async function writeCsv(bus: Bus, campaignId: string, signal: AbortSignal): Promise<Reply<WrittenReport>> {
  const campaign = await bus.request(campaignGet, { campaignId })
  if (!campaign.ok) return campaign
  const first = await bus.request(upgradeList, { campaignId, limit: PAGE })
  if (!first.ok) return first
  const disposition = `attachment; filename="${campaignId}.csv"`
  return answered({
    headers: { 'content-type': 'text/csv; charset=utf-8', 'content-disposition': disposition, ...SAFELY },
    body: Readable.from(lines(bus, campaignId, first.data, signal)),
  })
}

/** Breaks off, so that the reader sees a broken answer and no short one, where a page is not to be had. */
async function* lines(bus: Bus, campaignId: string, first: Page, signal: AbortSignal): AsyncGenerator<string> {
  yield csvHeader
  for (let page = first; ;) {
    yield page.items.map(csvLine).join('')
    if (page.next === null || signal.aborted) return
    const next = await bus.request(upgradeList, { campaignId, limit: PAGE, cursor: page.next })
    if (!next.ok) throw new Error(`the next page was refused: ${next.error.detail}`)
    page = next.data
  }
}
