import { readFileSync } from 'node:fs'
import { check } from '@sluice/contracts'
import type { Static, TSchema } from 'typebox'
import { RuntimeError } from './runtime-error.ts'

/** One environment variable. Its text is read as what `type` is: a string, a number or a boolean (`true`, `false`). */
export interface Setting<S extends TSchema = TSchema> {
  readonly type: S
  /** Absent: the setting is required, unless `optional`. */
  readonly default?: Static<S>
  /** Without a value it is undefined. */
  readonly optional?: boolean
  /** May come from a file named by `<NAME>_FILE`, and is never printed. */
  readonly secret?: boolean
  readonly description: string
}

export type Settings = Readonly<Record<`SLUICE_${string}`, Setting>>

type ValueOf<One> = One extends { readonly type: infer S extends TSchema }
  ? One extends { readonly optional: true }
    ? Static<S> | undefined
    : Static<S>
  : never

/** The values under the variables' own names. */
export type SettingsValues<Definition extends Settings> = {
  readonly [Name in keyof Definition]: ValueOf<Definition[Name]>
}

export type Environment = Readonly<Record<string, string | undefined>>

/** States a service's settings. Spread fragments such as `busSettings` into it. */
export function defineSettings<const Definition extends Settings>(definition: Definition): Definition {
  return definition
}

/**
 * Reads them all. Throws RuntimeError `invalid_settings` whose message has one line per problem; names, but
 * never values of secrets.
 */
export function readSettings<const Definition extends Settings>(
  definition: Definition,
  environment: Environment,
): SettingsValues<Definition> {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, setting] of Object.entries(definition)) {
    const read = readOne(name, setting, environment)
    if (read.kind === 'problem') problems.push(`${name}: ${read.problem}`)
    else values[name] = read.value
  }
  if (problems.length > 0) throw new RuntimeError('invalid_settings', problems.join('\n'))
  return values as SettingsValues<Definition>
}

type Read = { kind: 'value'; value: unknown } | { kind: 'problem'; problem: string }

function readOne(name: string, setting: Setting, environment: Environment): Read {
  const text = readText(name, setting, environment)
  if (text.kind === 'problem') return text
  if (text.value === undefined || text.value === '') {
    if (setting.default !== undefined) return { kind: 'value', value: setting.default }
    if (setting.optional) return { kind: 'value', value: undefined }
    return { kind: 'problem', problem: `is required: ${setting.description}` }
  }
  const checked = check(setting.type, fromText(setting.type, text.value))
  if (checked.kind === 'valid') return { kind: 'value', value: checked.value }
  const shown = setting.secret ? 'the value' : JSON.stringify(text.value)
  const why = 'anyOf' in setting.type ? 'is none of' : `${checked.detail.replace(/^\/ /, '')},`
  return { kind: 'problem', problem: `${shown} ${why} ${typeName(setting.type)}` }
}

type Text = { kind: 'text'; value: string | undefined } | { kind: 'problem'; problem: string }

function readText(name: string, setting: Setting, environment: Environment): Text {
  const file = setting.secret ? environment[`${name}_FILE`] : undefined
  const value = environment[name]
  if (!file) return { kind: 'text', value }
  if (value) return { kind: 'problem', problem: `is given twice, also as ${name}_FILE` }
  try {
    return { kind: 'text', value: readFileSync(file, 'utf8').trim() }
  } catch (error) {
    return {
      kind: 'problem',
      problem: `${name}_FILE cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'error'}`,
    }
  }
}

function fromText(schema: TSchema, text: string): unknown {
  const type = typeName(schema)
  if (type === 'integer' || type === 'number') return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  return text
}

function typeName(schema: TSchema): string {
  const { type, anyOf } = schema as { type?: string; anyOf?: readonly { const?: unknown }[] }
  if (anyOf !== undefined) return anyOf.map((one) => String(one.const)).join(' | ')
  return type ?? 'string'
}

/** The settings as a Markdown table, in the order they were defined. */
export function settingsTable(definition: Settings): string {
  const rows = Object.entries(definition).map(([name, setting]) => {
    const shown = setting.secret ? `\`${name}\` or \`${name}_FILE\`` : `\`${name}\``
    return `| ${shown} | ${escapeBar(typeName(setting.type))} | ${escapeBar(standsFor(setting))} | ${escapeBar(setting.description)} |`
  })
  return ['| setting | type | default | what it does |', '|---|---|---|---|', ...rows].join('\n') + '\n'
}

function standsFor(setting: Setting): string {
  if (setting.default !== undefined)
    return setting.secret ? 'set' : `\`${String(setting.default as string | number | boolean)}\``
  return setting.optional ? 'none' : 'required'
}

const escapeBar = (text: string): string => text.replaceAll('|', '\\|')
