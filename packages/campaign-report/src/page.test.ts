import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CampaignReportSchema, check } from '@sluice/contracts'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { reportPage } from './page.ts'
import { someReport } from './testing/some-report.ts'

test('the report it is drawn from is one of the contract', () => {
  expect(check(CampaignReportSchema, someReport())).toMatchObject({ kind: 'valid' })
})

test('whatever devices and operators call themselves, the page has the elements it has without it', () => {
  const skeleton = (text: string) => text.replaceAll(/>[^<]*</g, '><')
  const plain = skeleton(reportPage(someReport('x')))
  const nasty = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      '<script>alert(1)</script>',
      '"><img src=x onerror=y>',
      "' onload='z",
      '&lt;b&gt;',
      '</style><i>',
      '\u202Eabc',
      '`${1}`',
      '<!--',
    ),
  )
  fc.assert(
    fc.property(nasty, (name) => {
      const page = reportPage(someReport(`x${name}`))
      expect(skeleton(page)).toBe(plain)
      // oxlint-disable-next-line no-control-regex
      expect(page).not.toMatch(/[\u0000-\u0008\u000B-\u001F\u202E]/)
    }),
    { numRuns: 60 },
  )
})

test('the page names no address, no script and no handler of events', () => {
  const page = reportPage(someReport())
  expect(page).not.toMatch(/<script|javascript:|https?:|url\(|@import|\son\w+=|<link|<img|<iframe|<object/i)
  expect(page).toContain("default-src 'none'")
})

test('a campaign that has offered nothing has a page too', () => {
  const { campaign, ...report } = someReport()
  const zero = Object.fromEntries(Object.keys(report.funnel).map((key) => [key, 0])) as typeof report.funnel
  const counters = Object.fromEntries(Object.keys(campaign.counters).map((key) => [key, 0])) as typeof campaign.counters
  const page = reportPage({
    ...report,
    campaign: { ...campaign, size: 0, counters, waves: [] },
    funnel: zero,
    outcomes: [],
    failures: [],
    stages: [],
    acts: [],
    versions: { at: [], series: [] },
  })
  expect(page).not.toMatch(/NaN|Infinity|undefined/)
})

const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

describe.skipIf(chromium === undefined)(
  `in a browser${chromium === undefined ? ' (none is installed here)' : ''}`,
  () => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
      response.end(request.url === '/' ? frames() : pageFor(request.url ?? ''))
    })
    let url = ''
    const profile = mkdtempSync(join(tmpdir(), 'sluice-browser-'))
    beforeAll(async () => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    })
    afterAll(async () => {
      await new Promise((resolve) => server.close(resolve))
      rmSync(profile, { recursive: true, force: true })
    })

    /** The page as it is, with a marker that would be asked for if anything a device is called were markup. */
    const pageFor = (path: string): string => {
      const width = /\d+/.exec(path)?.[0] ?? '0'
      return reportPage(someReport(`${'W'.repeat(300)}<img src="/beacon-${width}">`))
    }
    /** The measuring is done from outside: the page itself runs nothing. */
    const frames = () => `<!doctype html><body>${[360, 768, 1280]
      .map((width) => `<iframe src="/at-${width}" width="${width}" height="800"></iframe>`)
      .join('')}<script>onload = () => {
      const seen = [...document.querySelectorAll('iframe')].map((frame) => {
        const inner = frame.contentDocument
        const wide = [...inner.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > inner.documentElement.clientWidth + 1)
        return [frame.width, inner.documentElement.scrollWidth <= inner.documentElement.clientWidth, wide.slice(0, 3).map((one) => one.tagName + '.' + one.className), inner.querySelectorAll('section').length]
      })
      document.title = JSON.stringify(seen)
    }</script>`

    test('no request leaves the page, and nothing is wider than the window', async () => {
      const { stdout } = await promisify(execFile)(
        chromium!,
        [
          '--headless',
          '--no-sandbox',
          '--disable-gpu',
          '--disable-dev-shm-usage',
          '--virtual-time-budget=4000',
          `--user-data-dir=${profile}`,
          '--dump-dom',
          `${url}/`,
        ],
        { timeout: 60_000, maxBuffer: 16 * 1024 ** 2 },
      )
      const title = /<title>(.*?)<\/title>/.exec(stdout)?.[1] ?? '[]'
      const seen = JSON.parse(title.replaceAll('&quot;', '"').replaceAll('&amp;', '&')) as unknown[]
      expect(seen).toEqual([360, 768, 1280].map((width) => [String(width), true, [], 8]))
      expect(asked.filter((path) => path !== '/favicon.ico').toSorted()).toEqual([
        '/',
        '/at-1280',
        '/at-360',
        '/at-768',
      ])
    }, 90_000)
  },
)

// For people: SLUICE_REPORT_PAGE=<file> keeps the page of the test.
if (process.env['SLUICE_REPORT_PAGE'] !== undefined)
  writeFileSync(process.env['SLUICE_REPORT_PAGE'], reportPage(someReport()))
