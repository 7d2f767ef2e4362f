import { type ReleaseStatement, asStatement } from '@sluice/firmware'
import { type Options, UsageError, type Values, listOf, requiredText, textOf } from '../command.ts'
import { parseArguments } from '../read-json.ts'
import { readFileSync } from 'node:fs'
import { measureImage } from './measure-image.ts'

export const STATEMENT_OPTIONS: Options = {
  image: { type: 'string' },
  statement: { type: 'string' },
  vendor: { type: 'string' },
  product: { type: 'string' },
  version: { type: 'string' },
  reports: { type: 'string', multiple: true },
  counter: { type: 'string' },
  model: { type: 'string', multiple: true },
  'minimum-version': { type: 'string' },
  expires: { type: 'string' },
  'allow-downgrade': { type: 'boolean' },
  'notes-url': { type: 'string' },
}

/** From a file of its fields, from options, or from both: options come first. The image is measured, never believed. */
export async function statementOf(values: Values): Promise<ReleaseStatement> {
  const file = textOf(values, 'statement')
  const fields = {
    ...(file === undefined ? {} : parseArguments(readFileSync(file, 'utf8'), file)),
    ...fieldsOf(values),
  } as Record<string, unknown>
  const made = asStatement({
    schemaVersion: 1,
    allowDowngrade: false,
    ...(fields['version'] !== undefined && { softwareVersions: [fields['version']] }),
    ...fields,
    image: await measureImage(requiredText(values, 'image')),
  })
  if (made.kind === 'refused') throw new UsageError(`that is no release: ${made.detail}`)
  return made.statement
}

function fieldsOf(values: Values): Record<string, unknown> {
  const reports = listOf(values, 'reports')
  const models = listOf(values, 'model').map(modelOf)
  const counter = textOf(values, 'counter')
  const fields = {
    vendor: textOf(values, 'vendor'),
    product: textOf(values, 'product'),
    version: textOf(values, 'version'),
    softwareVersions: reports.length === 0 ? undefined : reports,
    counter: counter === undefined ? undefined : wholeNumber(counter),
    models: models.length === 0 ? undefined : models,
    minimumVersion: textOf(values, 'minimum-version'),
    expires: textOf(values, 'expires'),
    allowDowngrade: values['allow-downgrade'],
    notesUrl: textOf(values, 'notes-url'),
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function wholeNumber(text: string): number {
  if (!/^\d{1,16}$/.test(text)) throw new UsageError(`--counter is a whole number, not ${text}`)
  return Number(text)
}

/** `OUI/product class`, and where it is for certain hardware alone `OUI/product class/A1,A2`. */
function modelOf(text: string): Record<string, unknown> {
  const [oui, productClass, hardware, ...more] = text.split('/')
  if (oui === undefined || productClass === undefined || more.length > 0) {
    throw new UsageError(`--model is <OUI>/<product class>[/<hardware version>,...], not ${text}`)
  }
  return {
    oui: oui.toUpperCase(),
    productClass,
    ...(hardware !== undefined && { hardwareVersions: hardware.split(',') }),
  }
}
