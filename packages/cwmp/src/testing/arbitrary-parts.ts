import fc from 'fast-check'

import type { DuResult, FileTypeArg, ParameterToSet, ParameterType, ParameterValue } from '../index.ts'
import { withoutForbidden } from '../xml-writer.ts'

/** Text as it can be carried: no characters XML lacks, no blanks at the ends (readers trim). */
export function text(maxLength: number): fc.Arbitrary<string> {
  return fc
    .oneof(
      fc.string({ maxLength, unit: 'grapheme' }),
      fc.string({ maxLength }),
      fc.constantFrom('', '&amp;', ']]>', '<!--', '<!DOCTYPE', '"\'', 'a\r\nb', '&#13;', '\u00e9', '\u{1f4e1}'),
    )
    .map((value) => withoutForbidden(value).slice(0, maxLength).trim())
    .filter((value) => value.isWellFormed())
}

/** Parts of the device identity hold no line ends either. */
export const identity = text(64).map((value) => value.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '').trim())

export const unsigned = fc.nat({ max: 2 ** 32 - 1 })
export const status = fc.constantFrom(0 as const, 1 as const)

export const fileType = fc.constantFrom('1 Firmware Upgrade Image', '2 Web Content', 'X 00D09E Calibration')
export const uploadType = fc.constantFrom('1 Vendor Configuration File', '2 Vendor Log File', 'X 00D09E Dump')
export const name = text(256)
/** A path of an object holds no line ends and ends with a dot. */
export const path = text(255).map((value) => `${value.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '')}.`.trimStart())
export const uuid = fc.uuid()

/** Either no fault, or one that TransferComplete and DUStateChangeComplete both know. */
export const operationFault = {
  faultCode: fc.constantFrom(0, 9001, 9012, 9808),
  faultString: text(256),
}

const instant = fc
  .date({ min: new Date('1970-01-01T00:00:00Z'), max: new Date('2099-01-01T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString())

export const time = fc.option(instant)

/** Values that fit their types. */
const typedValues: { readonly [Type in ParameterType]: fc.Arbitrary<string> } = {
  string: text(1000),
  int: fc.integer().map(String),
  unsignedInt: unsigned.map(String),
  boolean: fc.constantFrom('0', '1', 'true', 'false'),
  dateTime: instant,
  base64: fc.base64String({ maxLength: 100 }),
  long: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  unsignedLong: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
  hexBinary: fc.stringMatching(/^(?:[0-9A-F]{2}){0,20}$/),
}

export const parametersToSet: fc.Arbitrary<ParameterToSet[]> = fc.array(
  fc
    .constantFrom(...(Object.keys(typedValues) as ParameterType[]))
    .chain((type) => fc.record({ name, value: typedValues[type], type: fc.constant(type) })),
  { maxLength: 8 },
)

export const parameterValues: fc.Arbitrary<ParameterValue[]> = fc
  .tuple(parametersToSet, fc.boolean())
  .map(([list, typed]) => list.map((parameter) => (typed ? parameter : { ...parameter, type: null })))

export const fileTypeArgs: fc.Arbitrary<FileTypeArg[]> = fc.array(fc.record({ name: text(64), value: text(256) }), {
  maxLength: 16,
})

export const duResult: fc.Arbitrary<DuResult> = fc.record({
  uuid,
  deploymentUnitRef: name,
  version: text(32),
  currentState: fc.constantFrom('Installed', 'Uninstalled', 'Failed'),
  resolved: fc.boolean(),
  executionUnitRefs: fc.array(fc.stringMatching(/^Device\.SoftwareModules\.ExecutionUnit\.[1-9]\.$/), { maxLength: 5 }),
  startTime: time,
  completeTime: time,
  ...operationFault,
})
