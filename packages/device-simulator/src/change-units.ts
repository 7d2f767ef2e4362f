import { createHash } from 'node:crypto'
import { addReport, type Cpe, type DeploymentUnit } from './cpe.ts'
import { fetchImage } from './fetch-image.ts'
import { textOf, type XmlElement } from './read-xml.ts'
import { opResult, type UnitResult } from './write-reports.ts'
import { tag } from './write-soap.ts'

type Operation = UnitResult['operation']

/** Carries a ChangeDUState out, one operation after the other, and reports them all in one call (TR-069 A.4.2.3). */
export async function changeUnits(cpe: Cpe, commandKey: string, operations: readonly XmlElement[]): Promise<void> {
  const results: UnitResult[] = []
  for (const operation of operations) results.push(...(await perform(cpe, operation)))
  cpe.record({ what: 'units_changed', commandKey, results })
  addReport(cpe, {
    method: 'DUStateChangeComplete',
    commandKey,
    fault: 0,
    content: results.map((result) => opResult(result)).join('') + tag('CommandKey', commandKey),
    events: [
      { code: '11 DU STATE CHANGE COMPLETE', commandKey: '' },
      { code: 'M ChangeDUState', commandKey },
    ],
    repeatsLeft: 0,
  })
}

/** Operations are told apart by xsi:type; some ACS nest the structure instead. */
async function perform(cpe: Cpe, element: XmlElement): Promise<UnitResult[]> {
  const type = element.attributes['type']?.replace(/^.*:/, '') ?? element.children[0]?.name ?? ''
  const args = element.attributes['type'] === undefined ? (element.children[0] ?? element) : element
  if (type === 'InstallOpStruct') return [await install(cpe, args)]
  if (type === 'UpdateOpStruct') return update(cpe, args)
  if (type === 'UninstallOpStruct') return uninstall(cpe, args)
  return [failure('Install', textOf(args, 'UUID') ?? '', 9003)]
}

async function install(cpe: Cpe, args: XmlElement): Promise<UnitResult> {
  const url = textOf(args, 'URL') ?? ''
  const environment = textOf(args, 'ExecutionEnvRef') ?? ''
  const uuid = (textOf(args, 'UUID') || uuidOf(url)).toLowerCase()
  const fault = faultOfUuid(uuid) ?? faultOfUrl(url)
  if (fault !== undefined) return failure('Install', uuid, fault)
  if (environment !== '' && !cpe.model.has(environment)) return failure('Install', uuid, 9023)
  const fetched = await fetchVersion(cpe, args, url)
  if (typeof fetched === 'number') return failure('Install', uuid, fetched)
  if (cpe.deploymentUnits.some((unit) => unit.uuid === uuid && unit.version === fetched))
    return failure('Install', uuid, 9026)
  const added = cpe.model.add(`${cpe.model.root}.SoftwareModules.DeploymentUnit.`, 'device')
  if (added.kind !== 'added') return failure('Install', uuid, 9027)
  const unit = { uuid, version: fetched, url, path: added.path }
  cpe.deploymentUnits.push(unit)
  show(cpe, unit)
  return success('Install', unit, 'Installed')
}

/** By UUID, by the URL it came from, or all of them (TR-069 A.4.1.10, table 72). */
async function update(cpe: Cpe, args: XmlElement): Promise<UnitResult[]> {
  const uuid = (textOf(args, 'UUID') ?? '').toLowerCase()
  const url = textOf(args, 'URL') ?? ''
  if (uuid === '' && url === '' && (textOf(args, 'Version') ?? '') !== '') return [failure('Update', uuid, 9003)]
  if (uuid !== '' && faultOfUuid(uuid) !== undefined) return [failure('Update', uuid, 9022)]
  const meant = cpe.deploymentUnits.filter((unit) =>
    uuid === '' ? url === '' || unit.url === url : unit.uuid === uuid,
  )
  if (meant.length === 0) return [failure('Update', uuid, 9028)]
  const results: UnitResult[] = []
  for (const unit of meant) results.push(await updateOne(cpe, args, unit, url || unit.url))
  return results
}

async function updateOne(cpe: Cpe, args: XmlElement, unit: DeploymentUnit, url: string): Promise<UnitResult> {
  const fault = faultOfUrl(url)
  const fetched = fault ?? (await fetchVersion(cpe, args, url))
  if (typeof fetched === 'number') return { ...success('Update', unit, 'Installed'), fault: fetched }
  unit.version = fetched
  unit.url = url
  show(cpe, unit)
  return success('Update', unit, 'Installed')
}

function uninstall(cpe: Cpe, args: XmlElement): UnitResult[] {
  const uuid = (textOf(args, 'UUID') ?? '').toLowerCase()
  const version = textOf(args, 'Version') ?? ''
  if (faultOfUuid(uuid) !== undefined) return [failure('Uninstall', uuid, 9022)]
  const meant = cpe.deploymentUnits.filter((unit) => unit.uuid === uuid && (version === '' || unit.version === version))
  if (meant.length === 0) return [failure('Uninstall', uuid, 9028)]
  return meant.map((unit) => {
    cpe.deploymentUnits.splice(cpe.deploymentUnits.indexOf(unit), 1)
    cpe.model.remove(unit.path, 'device')
    return success('Uninstall', unit, 'Uninstalled')
  })
}

/** A unit's version is the start of its file's digest: another file is another version. */
async function fetchVersion(cpe: Cpe, args: XmlElement, url: string): Promise<string | number> {
  const login = { username: textOf(args, 'Username') ?? '', password: textOf(args, 'Password') ?? '' }
  const fetched = await fetchImage({ url, ...login }, cpe.settings, cpe.random, new AbortController().signal)
  if (fetched.kind === 'aborted') return 9001
  // 9010 is no fault of an operation (TR-069 table 81).
  if (fetched.kind === 'failed') return fetched.fault === 9010 ? 9016 : fetched.fault
  return createHash('sha256').update(fetched.image).digest('hex').slice(0, 12)
}

function show(cpe: Cpe, unit: DeploymentUnit): void {
  const values = { UUID: unit.uuid, Version: unit.version, URL: unit.url, Status: 'Installed' }
  for (const [name, value] of Object.entries(values)) {
    const parameter = cpe.model.parameter(unit.path + name)
    if (parameter) parameter.value = value
  }
}

function faultOfUuid(uuid: string): 9022 | undefined {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid) ? undefined : 9022
}

function faultOfUrl(text: string): 9003 | 9013 | undefined {
  const url = URL.parse(text)
  if (!url || url.username !== '' || url.password !== '') return 9003
  return url.protocol === 'http:' || url.protocol === 'https:' ? undefined : 9013
}

/** Where the ACS names none, the device makes one up: the same for the same URL. */
function uuidOf(url: string): string {
  const hex = createHash('sha256').update(url).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}

function success(operation: Operation, unit: DeploymentUnit, state: UnitResult['state']): UnitResult {
  return { operation, uuid: unit.uuid, version: unit.version, path: unit.path, state, fault: 0 }
}

function failure(operation: Operation, uuid: string, fault: number): UnitResult {
  return { operation, uuid, version: '', path: '', state: operation === 'Install' ? 'Failed' : 'Installed', fault }
}
