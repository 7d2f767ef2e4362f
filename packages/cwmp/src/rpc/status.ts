import { readUnsigned, type Reading } from '../reading.ts'
import { textOf, type XmlElement } from '../xml-element.ts'

/** Status of SetParameterValues and Download: 0 is done, anything else is not yet. */
export function readStatus(message: XmlElement, reading: Reading): 0 | 1 {
  const text = textOf(message, 'Status')
  if (text === '') {
    reading.warn('status_missing')
    return 1
  }
  return readUnsigned(text, reading) === 0 ? 0 : 1
}
