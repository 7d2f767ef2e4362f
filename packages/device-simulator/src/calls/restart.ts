import { ok, refuse, type Answered } from '../answered.ts'
import type { Cpe } from '../cpe.ts'
import { textOf, type XmlElement } from '../read-xml.ts'
import { readText, readWhole } from './read-arguments.ts'

/** Once the session is over (TR-069 A.3.2.9). */
export function reboot(cpe: Cpe, args: XmlElement): Answered {
  cpe.asked.reboots.push(textOf(args, 'CommandKey') ?? '')
  return ok('Reboot')
}

export function factoryReset(cpe: Cpe): Answered {
  cpe.asked.factoryReset = true
  return ok('FactoryReset')
}

/** TR-069 A.4.1.2. */
export function scheduleInform(cpe: Cpe, args: XmlElement): Answered {
  const delaySeconds = readWhole(args, 'DelaySeconds')
  const commandKey = readText(args, 'CommandKey', 32) ?? ''
  if (!delaySeconds) return refuse(9003, 'DelaySeconds must be above zero')
  if (!cpe.settings.faults.forgetsScheduleInform) cpe.asked.informs.push({ commandKey, delaySeconds })
  return ok('ScheduleInform')
}
