import { ok, refuse, type Answered } from '../answered.ts'
import type { Cpe } from '../cpe.ts'
import { textOf, type XmlElement } from '../read-xml.ts'
import { tag } from '../write-soap.ts'

/** A new instance, by number or by the alias the ACS gives it (TR-069 A.3.2.6). */
export function addObject(cpe: Cpe, args: XmlElement): Answered {
  const key = textOf(args, 'ParameterKey') ?? ''
  if (key.length > 32) return refuse(9003, 'Invalid arguments')
  const added = cpe.model.add(textOf(args, 'ObjectName') ?? '', 'acs')
  if (added.kind === 'full') return refuse(9004, 'No more instances')
  if (added.kind !== 'added') return refuse(9005, 'Invalid parameter name')
  cpe.model.server('ParameterKey', key)
  const alias = cpe.model.parameter(`${added.path}Alias`)?.value
  cpe.record({ what: 'object_added', path: added.path, ...(alias !== undefined && { alias }) })
  return ok('AddObject', tag('InstanceNumber', added.instance) + tag('Status', 0))
}

/** TR-069 A.3.2.7. */
export function deleteObject(cpe: Cpe, args: XmlElement): Answered {
  const key = textOf(args, 'ParameterKey') ?? ''
  const name = textOf(args, 'ObjectName') ?? ''
  const path = cpe.model.resolve(name) ?? name
  if (key.length > 32) return refuse(9003, 'Invalid arguments')
  if (!cpe.model.remove(path, 'acs')) return refuse(9005, 'Invalid parameter name')
  cpe.model.server('ParameterKey', key)
  cpe.record({ what: 'object_deleted', path })
  return ok('DeleteObject', tag('Status', 0))
}
