import { readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'

export interface Shown {
  readonly guarantee: string
  readonly file: string
}

const TEXT = String.raw`'(?:[^'\\\n]|\\[^])*'|"(?:[^"\\\n]|\\[^])*"|` + '`(?:[^`\\\\]|\\\\[^])*`'
const COMMENT = String.raw`\/\/[^\n]*|\/\*(?:[^*]|\*(?!\/))*\*\/`

/** Brackets and all that is between them, other brackets too, so deep; those in texts and comments are none. */
function inBrackets(deep: number): string {
  const deeper = deep === 0 ? '' : `|${inBrackets(deep - 1)}`
  return `\\((?:[^()'"\`/]|/(?![/*])|${TEXT}|${COMMENT}${deeper})*\\)`
}

/** As in `test.each<[name: string, make: () => string]>([...])`. */
const TYPES = String.raw`<[^;]{1,400}?>(?=\()`
const MODIFIER = String.raw`\.(?!skip\b|todo\b|fails\b)\w+(?:(?:${TYPES})?${inBrackets(8)})?`

/** `row id: guarantee` at the beginning of a test's name, or of a case's. Skipped and expected-to-fail tests show nothing. */
const TITLE = new RegExp(String.raw`\b(?:(?:test|it)(?:${MODIFIER})*\(|name:)\s*(${TEXT})`, 'g')
const GROUP = String.raw`[a-z]+(?: [a-z]+)* \d+(?:, \d+)*`
const ROW = new RegExp(`^(${GROUP}(?:; ${GROUP})*): (.+)$`, 's')

/** Every row that a test of this house shows, by its id. One test may show several: `quirk 3, 12; session 4: ...`. */
export function shownRows(root: string): Map<string, Shown[]> {
  const shown = new Map<string, Shown[]>()
  for (const path of testFiles(root)) {
    const file = relative(root, path)
    for (const match of readFileSync(path, 'utf8').matchAll(TITLE)) {
      const title = match[1]!.slice(1, -1).replaceAll(/\\(.)/g, '$1')
      for (const { id, guarantee } of rowsOf(title)) {
        shown.set(id, [...(shown.get(id) ?? []), { guarantee, file }])
      }
    }
  }
  return shown
}

function rowsOf(title: string): { id: string; guarantee: string }[] {
  const [, groups = '', guarantee = ''] = ROW.exec(title) ?? []
  if (groups === '') return []
  return groups.split('; ').flatMap((ids) => {
    const at = ids.search(/\d/)
    return ids
      .slice(at)
      .split(', ')
      .map((number) => ({ id: `${ids.slice(0, at)}${number}`, guarantee }))
  })
}

function testFiles(root: string): string[] {
  return ['packages', 'services', 'test']
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(test|suite)\.ts$/.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((path) => !path.includes('node_modules')),
    )
    .toSorted()
}
