import type { Cpe } from './cpe.ts'

/** What a changed value asks for at once. */
export interface Telling {
  readonly inform: boolean
  readonly notifyLightly: boolean
}

const PASSIVE = new Set([1, 4, 6])
const LIGHTLY = new Set([3, 4, 5, 6])
const ACTIVE_LIGHTLY = new Set([5, 6])

/** A value changes by another hand than the ACS's, and is told as its Notification attribute says (TR-069 A.3.2.4, table 25). */
export function changeValue(cpe: Cpe, name: string, value: string): Telling {
  const parameter = cpe.model.parameter(name)
  if (!parameter || parameter.value === value) return { inform: false, notifyLightly: false }
  parameter.value = value
  cpe.record({ what: 'value_changed', name })
  const { notification } = parameter
  if (notification === 2 || PASSIVE.has(notification)) cpe.changed.add(name)
  if (LIGHTLY.has(notification)) cpe.changedLightly.add(name)
  return { inform: notification === 2, notifyLightly: ACTIVE_LIGHTLY.has(notification) }
}
