import { join } from 'node:path'
import { CAMPAIGN_TABLES } from './conformance/campaign-rows.ts'
import { type RowTable, DEVICE_TABLES, idsOf } from './conformance/rows.ts'
import { type Shown, shownRows } from './conformance/shown-rows.ts'

const root = join(import.meta.dirname, '../..')
type AllShown = ReadonlyMap<string, readonly Shown[]>

/** What devices do, and which test shows that it is met. */
export const conformancePage = (): string => page('What is shown of devices, and by which test', DEVICE_TABLES)

/** What rollout engines are asked for, and which test shows that it is answered. */
export const campaignPage = (): string => page('What is shown of campaigns, and by which test', CAMPAIGN_TABLES)

/** Which behaviour is shown by which test. A row that nobody tests reads *no*; the run of all tests is the proof. */
function page(title: string, tables: readonly RowTable[]): string {
  const shown = shownRows(root)
  refuseStrange(shown)
  const rows = tables.flatMap((table) => idsOf(table).map((id, at) => ({ id, table, why: whyNot(table, at) })))
  const known = rows.filter(({ id, table }) => isShown(table, shown.get(id)))
  const inPart = known.filter(({ why }) => why !== undefined).length
  return [
    `# ${title}`,
    '',
    `Generated from the names of the tests: ${known.length - inPart} of ${rows.length} rows are shown${inPart === 0 ? '' : `, ${inPart} more in part`}. Every test runs before a change lands, so a row that is shown holds.${inPart === 0 ? '' : ' A row that is shown *in part*, or *not done*, says what there is not.'} A row that nobody tests reads *no*${tables.every(({ inMemory }) => inMemory) ? '' : '; one that is about a protocol and tested without a socket alone reads *codec only*'}.`,
    '',
    ...tables.flatMap((table) => tableLines(table, shown)),
  ].join('\n')
}

function tableLines(table: RowTable, shown: AllShown): string[] {
  const { title, about, rows } = table
  return [
    `## ${title}`,
    '',
    about,
    '',
    '| row | what | shown |',
    '| --- | --- | --- |',
    ...idsOf(table).map(
      (id, at) => `| ${id} | ${cell(rows[at]!)} | ${shownCell(table, shown.get(id), whyNot(table, at))} |`,
    ),
    '',
  ]
}

/** A test that shows a row of a table which has no such row is mistaken. */
function refuseStrange(shown: AllShown): void {
  const tables = [...DEVICE_TABLES, ...CAMPAIGN_TABLES]
  const known = new Set(tables.flatMap(idsOf))
  const prefixes = new Set(tables.map(({ prefix }) => prefix))
  const strange = [...shown.keys()].filter((id) => prefixes.has(id.replace(/\d+$/, '')) && !known.has(id))
  if (strange.length > 0) throw new Error(`tests show rows that are not there: ${strange.join(', ')}`)
}

/** Services and `test/` speak over real sockets; packages are tested in memory. */
function isShown({ inMemory }: RowTable, found: readonly Shown[] | undefined): boolean {
  return found?.some(({ file }) => inMemory || !file.startsWith('packages/')) ?? false
}

/** What there is not of a row, and why. */
const whyNot = ({ notDone, first = 1 }: RowTable, at: number): string | undefined => notDone?.[first + at]

function shownCell(table: RowTable, found: readonly Shown[] | undefined, why: string | undefined): string {
  if (found === undefined) return why === undefined ? '*no*' : `*not done*: ${cell(why)}`
  const tests = testsOf(found)
  const mark = isShown(table, found) ? 'in part' : 'codec only'
  if (why !== undefined) return `*${mark}*: ${cell(why)} *Shown*: ${tests}`
  return isShown(table, found) ? tests : `*${mark}*: ${tests}`
}

function testsOf(found: readonly Shown[]): string {
  return found.map(({ guarantee, file }) => `${cell(guarantee)} ([test](../../${file}))`).join('; ')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ')
}
