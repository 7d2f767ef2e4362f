import { refuse } from '../refuse.ts'

/** Groups of keys and values. */
export type KeyFile = ReadonlyMap<string, ReadonlyMap<string, string>>

const MAX_LINES = 2_000

/**
 * A key file of GLib, as RAUC writes its manifests: `[group]`, `key=value`, `#` comments. Where GLib lets a later line win
 * over an earlier one of the same name, this refuses: what a person reads first has to be what holds.
 */
export function readKeyFile(text: string): KeyFile {
  const groups = new Map<string, Map<string, string>>()
  let group: Map<string, string> | null = null
  const lines = text.split('\n')
  if (lines.length > MAX_LINES)
    refuse('format_limit_exceeded', `a manifest of ${lines.length} lines; at most ${MAX_LINES}`)
  for (const line of lines.map((raw) => raw.trim())) {
    if (line === '' || line.startsWith('#')) continue
    const name = /^\[([^[\]]+)\]$/.exec(line)?.[1]
    if (name !== undefined) {
      group = new Map()
      addOnce(groups, name, group)
      continue
    }
    const [, key, value] = /^([^=\s[\]]+)\s*=\s*(.*)$/.exec(line) ?? []
    if (group === null || key === undefined)
      return refuse('format_malformed', 'a line of the manifest is neither group nor key')
    addOnce(group, key, unescaped(value!))
  }
  return groups
}

function addOnce<T>(map: Map<string, T>, name: string, value: T): void {
  if (map.has(name)) refuse('format_duplicate', `the manifest says ${JSON.stringify(name.slice(0, 80))} twice`)
  map.set(name, value)
}

const ESCAPES: Readonly<Record<string, string>> = { s: ' ', n: '\n', t: '\t', r: '\r', '\\': '\\' }

function unescaped(value: string): string {
  return value.replaceAll(
    /\\(.?)/g,
    (_, letter: string) => ESCAPES[letter] ?? refuse('format_malformed', 'a value with an escape that is none'),
  )
}
