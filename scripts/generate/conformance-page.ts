import { join } from 'node:path'
import { ROW_TABLES } from './conformance/rows.ts'
import { type Shown, shownRows } from './conformance/shown-rows.ts'

const root = join(import.meta.dirname, '../..')

/** Which behaviour is shown by which test. A row that nobody tests reads *no*; the run of all tests is the proof. */
export function conformancePage(): string {
  const shown = shownRows(root)
  const known = new Set(ROW_TABLES.flatMap(({ prefix, rows }) => rows.map((_, at) => `${prefix}${at + 1}`)))
  const strange = [...shown.keys()].filter((id) => isOfATable(id) && !known.has(id))
  if (strange.length > 0) throw new Error(`tests show rows that are not there: ${strange.join(', ')}`)
  const all = [...known]
  const yes = all.filter((id) => isShown(id, shown.get(id))).length
  return [
    '# What is shown, and by which test',
    '',
    `Generated from the names of the tests: ${yes} of ${all.length} rows are shown. Every test runs before a change lands, so a row that is shown holds. A row that nobody tests reads *no*; one that is tested without a socket alone reads *codec only*, but for bad input, which is refused before anything else looks at it.`,
    '',
    ...ROW_TABLES.flatMap(({ title, about, prefix, rows }) => [
      `## ${title}`,
      '',
      about,
      '',
      '| row | what | shown |',
      '| --- | --- | --- |',
      ...rows.map(
        (what, at) =>
          `| ${prefix}${at + 1} | ${cell(what)} | ${shownCell(`${prefix}${at + 1}`, shown.get(`${prefix}${at + 1}`))} |`,
      ),
      '',
    ]),
  ].join('\n')
}

function isOfATable(id: string): boolean {
  return ROW_TABLES.some(({ prefix, rows, givenUpTo = rows.length }) => {
    const number = id.startsWith(prefix) ? id.slice(prefix.length) : ''
    return /^\d+$/.test(number) && !(Number(number) > rows.length && Number(number) <= givenUpTo)
  })
}

/** Services and `test/` speak over real sockets; packages are tested in memory. */
function isShown(id: string, found: readonly Shown[] | undefined): boolean {
  return found?.some(({ file }) => !file.startsWith('packages/') || id.startsWith('bad input')) ?? false
}

function shownCell(id: string, found: readonly Shown[] | undefined): string {
  if (found === undefined) return '*no*'
  const tests = testsOf(found)
  return isShown(id, found) ? tests : `*codec only*: ${tests}`
}

function testsOf(found: readonly Shown[]): string {
  return found.map(({ guarantee, file }) => `${cell(guarantee)} ([test](../../${file}))`).join('; ')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ')
}
