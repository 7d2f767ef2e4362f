/** How a parameter tells of its changes (TR-069 A.3.2.4, table 25): 0 off, 1 passive, 2 active, 3 to 6 lightweight. */
export type Notification = 0 | 1 | 2 | 3 | 4 | 5 | 6

export type ParameterType = 'xsd:string' | 'xsd:boolean' | 'xsd:unsignedInt' | 'xsd:int' | 'xsd:dateTime'

export interface Parameter {
  readonly type: ParameterType
  readonly writable: boolean
  value: string
  /** Reads back as "" whatever it is, as passwords do. */
  readonly hidden?: boolean
  /** What this device takes besides what the type allows. */
  readonly allows?: (value: string) => boolean
  notification: Notification
  accessList: readonly string[]
}

export type ParameterSpec = Pick<Parameter, 'type' | 'writable' | 'value' | 'hidden' | 'allows'> &
  Partial<Pick<Parameter, 'notification'>>

/** A multi-instance object: what an instance holds, by the name within it. */
export interface TableSpec {
  /** The ACS may add and delete instances. */
  readonly writable: boolean
  readonly template: Readonly<Record<string, ParameterSpec>>
  readonly max?: number
}

export interface NamedObject {
  readonly name: string
  readonly writable: boolean
}

export type Added =
  | { readonly kind: 'added'; readonly instance: number; readonly path: string }
  | { readonly kind: 'no_table' | 'alias_taken' | 'full' }

/** Parameters and objects by their full names. Objects end with a dot. Paths may address instances by `[alias]` (TR-069 3.6.1). */
export interface ParameterTree {
  define(name: string, spec: ParameterSpec): void
  defineTable(path: string, spec: TableSpec): void
  /** The path with instance numbers; undefined when an alias in it is unknown. */
  resolve(path: string): string | undefined
  parameter(path: string): Parameter | undefined
  /** Whether there is an object of this name (with its dot), or a parameter (without). "" is the top. */
  has(path: string): boolean
  /** Every parameter under a partial path (with its final dot; "" is everything), or the one of a full name. */
  under(path: string): [string, Parameter][]
  /** Parameters and objects at and below a path, or one level below it (TR-069 A.3.2.3). */
  names(path: string, nextLevel: boolean): NamedObject[]
  /** `table` as in AddObject: `Top.Table.` or `Top.Table.[alias].`; the CPE itself may also add where the ACS may not. */
  add(table: string, by: 'acs' | 'device'): Added
  /** False when it is no instance that may be deleted. */
  remove(instance: string, by: 'acs' | 'device'): boolean
}

const EVERYBODY = ['Subscriber']
const MAX_INSTANCES = 32

export function createParameterTree(): ParameterTree {
  const parameters = new Map<string, Parameter>()
  const tables = new Map<string, { spec: TableSpec; instances: Set<number>; next: number }>()

  const define = (name: string, spec: ParameterSpec): void => {
    parameters.set(name, { notification: 0, accessList: EVERYBODY, ...spec })
  }

  const tableOf = (instance: string): { path: string; number: number } | undefined => {
    const [, path = '', digits = ''] = /^(.*\.)(\d+)\.$/.exec(instance) ?? []
    return tables.get(path)?.instances.has(Number(digits)) ? { path, number: Number(digits) } : undefined
  }

  const count = (path: string): void => {
    const counter = parameters.get(`${path.slice(0, -1)}NumberOfEntries`)
    if (counter) counter.value = String(tables.get(path)?.instances.size ?? 0)
  }

  const withAlias = (table: string, alias: string): number | undefined => {
    const instances = tables.get(table)?.instances ?? []
    return [...instances].find((number) => parameters.get(`${table}${number}.Alias`)?.value === alias)
  }

  const resolve = (path: string): string | undefined => {
    let resolved = ''
    for (const [, alias, node = ''] of path.matchAll(/\[([^\]]*)\]\.?|([^.[\]]+\.?)/g)) {
      const number = alias === undefined ? undefined : withAlias(resolved, alias)
      if (alias !== undefined && number === undefined) return undefined
      resolved += number === undefined ? node : `${number}.`
    }
    return resolved
  }

  const has = (path: string): boolean => {
    if (path === '' || parameters.has(path) || tables.has(path)) return true
    return path.endsWith('.') && [...parameters.keys(), ...tables.keys()].some((name) => name.startsWith(path))
  }

  const objects = (): Map<string, boolean> => {
    const found = new Map<string, boolean>()
    for (const name of [...tables.keys(), ...parameters.keys()]) {
      for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
        const path = name.slice(0, dot + 1)
        const writable = tables.get(path) ?? tables.get(tableOf(path)?.path ?? '')
        found.set(path, writable?.spec.writable ?? false)
      }
    }
    return found
  }

  return {
    define,
    defineTable: (path, spec) => {
      tables.set(path, { spec, instances: new Set(), next: 1 })
      define(`${path.slice(0, -1)}NumberOfEntries`, { type: 'xsd:unsignedInt', writable: false, value: '0' })
    },
    resolve,
    parameter: (path) => parameters.get(path) ?? parameters.get(resolve(path) ?? ''),
    has,
    under: (path) => {
      if (path !== '' && !path.endsWith('.')) {
        const parameter = parameters.get(path)
        return parameter ? [[path, parameter]] : []
      }
      return [...parameters].filter(([name]) => name.startsWith(path))
    },
    names: (path, nextLevel) => {
      const all = [
        ...[...objects()].map(([name, writable]) => ({ name, writable })),
        ...[...parameters].map(([name, { writable }]) => ({ name, writable })),
      ]
      const level = (name: string): boolean => /^[^.]+\.?$/.test(name.slice(path.length))
      return all
        .filter(({ name }) => (path.endsWith('.') || path === '' ? name.startsWith(path) : name === path))
        .filter(({ name }) => !nextLevel || (name !== path && level(name)))
    },
    add: (wanted, by) => {
      const [, before = wanted, alias] = /^(.*\.)\[([^\]]+)\]\.$/.exec(wanted) ?? []
      const path = resolve(before) ?? ''
      const table = tables.get(path)
      if (!table || (by === 'acs' && !table.spec.writable)) return { kind: 'no_table' }
      if (alias !== undefined && !('Alias' in table.spec.template)) return { kind: 'no_table' }
      if (alias !== undefined && withAlias(path, alias) !== undefined) return { kind: 'alias_taken' }
      if (table.instances.size >= (table.spec.max ?? MAX_INSTANCES)) return { kind: 'full' }
      const instance = table.next
      table.next += 1
      table.instances.add(instance)
      for (const [name, spec] of Object.entries(table.spec.template)) {
        const value = name === 'Alias' ? (alias ?? `cpe-${instance}`) : spec.value
        define(`${path}${instance}.${name}`, { ...spec, value })
      }
      count(path)
      return { kind: 'added', instance, path: `${path}${instance}.` }
    },
    remove: (wanted, by) => {
      const path = resolve(wanted) ?? ''
      const place = tableOf(path)
      const table = place && tables.get(place.path)
      if (!place || !table || (by === 'acs' && !table.spec.writable)) return false
      table.instances.delete(place.number)
      for (const name of parameters.keys()) if (name.startsWith(path)) parameters.delete(name)
      count(place.path)
      return true
    },
  }
}
