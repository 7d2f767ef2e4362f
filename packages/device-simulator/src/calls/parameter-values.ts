import { isDeepStrictEqual } from 'node:util'
import { ok, refuse, type Answered } from '../answered.ts'
import type { Cpe } from '../cpe.ts'
import { faultOfValue, isTrue } from '../model/check-value.ts'
import { childOf, textOf, type XmlElement } from '../read-xml.ts'
import { list, parameterValue, tag } from '../write-soap.ts'
import { applyServerSettings } from './server-settings.ts'
import { readNames } from './read-arguments.ts'

/** TR-069 A.3.2.2. */
export async function getParameterValues(cpe: Cpe, args: XmlElement): Promise<Answered> {
  const { faults } = cpe.settings
  const asked = readNames(args, 'ParameterNames')
  if (faults.batchLimit && asked.length > faults.batchLimit.names)
    return refuse(faults.batchLimit.fault, 'Too many names')
  if (faults.rootReads && asked.some((name) => name === '' || name === `${cpe.model.root}.`)) return refuseRoot(cpe)
  const found: string[] = []
  for (const name of asked) {
    const path = cpe.model.resolve(name)
    if (path === undefined || !cpe.model.has(path)) {
      if (faults.skipsUnknownNames) continue
      return refuse(9005, 'Invalid parameter name')
    }
    for (const [full, { type, value, hidden }] of cpe.model.under(path))
      found.push(parameterValue(full, type, hidden ? '' : value))
  }
  if (faults.slowReadsMs !== undefined && asked.some((name) => name === '' || name.endsWith('.')))
    await cpe.wait(faults.slowReadsMs)
  return ok('GetParameterValues', list('ParameterList', 'cwmp:ParameterValueStruct', found))
}

/** Some devices cannot read all they have; some reboot over it. */
export function refuseRoot(cpe: Cpe): Answered {
  cpe.asked.crash = cpe.settings.faults.rootReads === 'reboots'
  return refuse(9005, 'Invalid parameter name')
}

interface Wanted {
  readonly name: string
  readonly value: string
  readonly type: string | undefined
}

/** All or nothing (TR-069 A.3.2.1). */
export function setParameterValues(cpe: Cpe, args: XmlElement): Answered {
  const { batchLimit } = cpe.settings.faults
  const wanted = (childOf(args, 'ParameterList')?.children ?? []).map((one) => ({
    name: textOf(one, 'Name') ?? '',
    value: childOf(one, 'Value')?.text ?? '',
    type: childOf(one, 'Value')?.attributes['type'],
  }))
  const key = textOf(args, 'ParameterKey') ?? ''
  if (batchLimit && wanted.length > batchLimit.names) return refuse(batchLimit.fault, 'Too many names')
  if (new Set(wanted.map(({ name }) => name)).size < wanted.length || key.length > 32)
    return refuse(9003, 'Invalid arguments')
  const created = createMissing(cpe, wanted)
  const wrong = wanted.flatMap((one) => objection(cpe, one))
  if (wrong.length > 0) {
    for (const path of created) cpe.model.remove(path, 'device')
    return refuse(9003, 'Invalid arguments', wrong.join(''))
  }
  write(cpe, wanted)
  cpe.model.server('ParameterKey', key)
  return ok('SetParameterValues', tag('Status', 0))
}

/** Instances named by an alias nobody has yet, where ManagementServer.AutoCreateInstances asks for them. */
function createMissing(cpe: Cpe, wanted: readonly Wanted[]): string[] {
  if (!isTrue(cpe.model.server('AutoCreateInstances'))) return []
  return wanted.flatMap(({ name }) => {
    const [, table = ''] = /^(.*\.\[[^\]]+\]\.)/.exec(name) ?? []
    if (table === '' || cpe.model.resolve(table) !== undefined) return []
    const added = cpe.model.add(table, 'acs')
    return added.kind === 'added' ? [added.path] : []
  })
}

function objection(cpe: Cpe, { name, value, type }: Wanted): string[] {
  const parameter = cpe.model.parameter(name)
  if (!parameter) return [valueFault(name, 9005, 'Invalid parameter name')]
  if (!parameter.writable) return [valueFault(name, 9008, 'Not writable')]
  const fault = faultOfValue(parameter, value, type)
  if (fault !== undefined) return [valueFault(name, fault, fault === 9006 ? 'Wrong type' : 'Wrong value')]
  if (name.endsWith('.Alias') && takesAlias(cpe, name, value)) return [valueFault(name, 9007, 'Alias is taken')]
  return []
}

function takesAlias(cpe: Cpe, name: string, alias: string): boolean {
  const own = cpe.model.resolve(name) ?? ''
  const table = own.replace(/\d+\.Alias$/, '')
  return (
    alias === '' ||
    cpe.model.under(table).some(([other, { value }]) => other !== own && value === alias && other.endsWith('.Alias'))
  )
}

function write(cpe: Cpe, wanted: readonly Wanted[]): void {
  const hadThem = hasItsSettings(cpe)
  const names = wanted.map(({ name }) => cpe.model.resolve(name) ?? name)
  for (const [index, { value }] of wanted.entries()) {
    const parameter = cpe.model.parameter(names[index] ?? '')
    if (parameter) parameter.value = parameter.type === 'xsd:string' ? value : value.trim()
  }
  if (names.length > 0) cpe.record({ what: 'parameters_set', names })
  if (!hadThem && hasItsSettings(cpe)) cpe.record({ what: 'settings_regained' })
  applyServerSettings(cpe, names)
}

/** All that its subscriber set up. */
function hasItsSettings({ model, settings }: Cpe): boolean {
  return isDeepStrictEqual({ ...model.readSettings() }, { ...settings.subscriber })
}

function valueFault(name: string, code: number, text: string): string {
  return `<SetParameterValuesFault>${tag('ParameterName', name)}${tag('FaultCode', code)}${tag('FaultString', text)}</SetParameterValuesFault>`
}
