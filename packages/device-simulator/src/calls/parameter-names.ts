import { ok, refuse, type Answered } from '../answered.ts'
import type { Cpe } from '../cpe.ts'
import { isTrue } from '../model/check-value.ts'
import { textOf, type XmlElement } from '../read-xml.ts'
import { list, tag } from '../write-soap.ts'
import { refuseRoot } from './parameter-values.ts'

/** Objects and parameters, all of them below the path or its children alone (TR-069 A.3.2.3). */
export function getParameterNames(cpe: Cpe, args: XmlElement): Answered {
  const path = cpe.model.resolve(textOf(args, 'ParameterPath') ?? '')
  const level = textOf(args, 'NextLevel')
  const nextLevel = isTrue(level)
  const { rootReads, nextLevelDigitsOnly } = cpe.settings.faults
  if (nextLevelDigitsOnly && level !== '0' && level !== '1') return refuse(9003, 'NextLevel is 0 or 1')
  if (rootReads && (path === '' || path === `${cpe.model.root}.`)) return refuseRoot(cpe)
  if (path === undefined || !cpe.model.has(path)) return refuse(9005, 'Invalid parameter name')
  if (nextLevel && path !== '' && !path.endsWith('.')) return refuse(9003, 'NextLevel of a parameter')
  const found = cpe.model
    .names(path, nextLevel)
    .map(
      ({ name, writable }) =>
        `<ParameterInfoStruct>${tag('Name', name)}${tag('Writable', writable ? 1 : 0)}</ParameterInfoStruct>`,
    )
  return ok('GetParameterNames', list('ParameterList', 'cwmp:ParameterInfoStruct', found))
}
