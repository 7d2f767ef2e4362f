import { textArgument } from '../argument.ts'
import { CwmpError } from '../cwmp-error.ts'
import type { Xml } from '../xml-writer.ts'

/** ObjectName of AddObject and DeleteObject: a path that ends with a dot (TR-069 A.3.2.6, A.3.2.7). */
export function objectNameArgument(value: string): Xml {
  if (!/^.*\.$/u.test(value))
    throw new CwmpError('argument_not_object_name', 'ObjectName is not one line ending with a dot')
  return textArgument('ObjectName', value, 256)
}
