import { ok, refuse, type Answered } from '../answered.ts'
import type { Cpe } from '../cpe.ts'
import { isTrue } from '../model/check-value.ts'
import type { Notification, Parameter } from '../model/parameter-tree.ts'
import { childOf, textOf, type XmlElement } from '../read-xml.ts'
import { list, tag } from '../write-soap.ts'
import { readNames } from './read-arguments.ts'

/** All or nothing, in the order they are given (TR-069 A.3.2.4). */
export function setParameterAttributes(cpe: Cpe, args: XmlElement): Answered {
  const changes: (() => void)[] = []
  const names: string[] = []
  for (const one of childOf(args, 'ParameterList')?.children ?? []) {
    const path = cpe.model.resolve(textOf(one, 'Name') ?? '')
    if (path === undefined || !cpe.model.has(path)) return refuse(9005, 'Invalid parameter name')
    const notification = Number(textOf(one, 'Notification') || 'NaN')
    const changesNotification = isTrue(textOf(one, 'NotificationChange'))
    if (changesNotification && !isNotification(notification)) return refuse(9003, 'Notification is 0 to 6')
    const parameters = cpe.model.under(path)
    if (changesNotification && notification === 2 && parameters.some(neverActive))
      return refuse(9009, 'Changes too often to be told at once')
    const accessList = readNames(one, 'AccessList')
    const changesAccess = isTrue(textOf(one, 'AccessListChange'))
    names.push(path)
    changes.push(() => {
      for (const [, parameter] of parameters) {
        if (changesNotification && isNotification(notification)) parameter.notification = notification
        if (changesAccess) parameter.accessList = accessList
      }
    })
  }
  for (const change of changes) change()
  cpe.record({ what: 'attributes_set', names })
  return ok('SetParameterAttributes')
}

function isNotification(value: number): value is Notification {
  return Number.isInteger(value) && value >= 0 && value <= 6
}

/** A counter of seconds is no reason to call the ACS each second. */
function neverActive([name]: [string, Parameter]): boolean {
  return name.endsWith('.UpTime')
}

/** TR-069 A.3.2.5. */
export function getParameterAttributes(cpe: Cpe, args: XmlElement): Answered {
  const found: string[] = []
  for (const name of readNames(args, 'ParameterNames')) {
    const path = cpe.model.resolve(name)
    if (path === undefined || !cpe.model.has(path)) return refuse(9005, 'Invalid parameter name')
    for (const [full, { notification, accessList }] of cpe.model.under(path)) {
      const access = list(
        'AccessList',
        'xsd:string',
        accessList.map((one) => tag('string', one)),
      )
      found.push(
        `<ParameterAttributeStruct>${tag('Name', full)}${tag('Notification', notification)}${access}</ParameterAttributeStruct>`,
      )
    }
  }
  return ok('GetParameterAttributes', list('ParameterList', 'cwmp:ParameterAttributeStruct', found))
}
