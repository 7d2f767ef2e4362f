import { ok, refuse, type Answered } from '../answered.ts'
import type { Cpe } from '../cpe.ts'
import { textOf, type XmlElement } from '../read-xml.ts'

const MAX_OPERATIONS = 16

/** Installs, updates and uninstalls after the session (TR-069 A.4.1.10). */
export function changeDuState(cpe: Cpe, args: XmlElement): Answered {
  const operations = args.children.filter(({ name }) => name === 'Operations')
  const commandKey = textOf(args, 'CommandKey') ?? ''
  if (operations.length === 0 || commandKey.length > 32) return refuse(9003, 'Invalid arguments')
  if (operations.length > MAX_OPERATIONS) return refuse(9004, 'Too many operations')
  cpe.asked.unitChanges.push({ commandKey, operations })
  return ok('ChangeDUState')
}
