import { textArgument } from '../argument.ts'
import { clip, readBoolean, readTime, readUnsigned, type Reading } from '../reading.ts'
import { textOf, type XmlElement } from '../xml-element.ts'
import { element, type Xml } from '../xml-writer.ts'
import { readList } from './list.ts'

/** TR-069 A.4.1.4, deprecated with the vouchers of Annex C. */
export interface GetOptions {
  readonly kind: 'get_options'
  /** Empty for all options. At most 64 characters. */
  readonly optionName: string
}

export interface GetOptionsResponse {
  readonly kind: 'get_options_response'
  readonly options: readonly CpeOption[]
}

export interface CpeOption {
  readonly name: string
  readonly voucherSerialNumber: number | null
  /** Bit 0: enabled. Bit 1: set up. null where unreadable. */
  readonly state: number | null
  /** 0 disabled, 1 enabled until the expiration date, 2 enabled without one; null where unreadable. */
  readonly mode: number | null
  readonly startDate: string | null
  readonly expirationDate: string | null
  readonly isTransferable: boolean
}

export function encodeGetOptions(message: GetOptions): Xml {
  return element('cwmp:GetOptions', [textArgument('OptionName', message.optionName, 64)])
}

export function decodeGetOptionsResponse(message: XmlElement, reading: Reading): GetOptionsResponse {
  const structs = readList(message, { list: 'OptionList', item: 'OptionStruct' }, reading)
  return { kind: 'get_options_response', options: structs.map((struct) => readOption(struct, reading)) }
}

function readOption(struct: XmlElement, reading: Reading): CpeOption {
  return {
    name: clip(textOf(struct, 'OptionName'), 64),
    voucherSerialNumber: readUnsigned(textOf(struct, 'VoucherSN'), reading),
    state: readUnsigned(textOf(struct, 'State'), reading),
    mode: readUnsigned(textOf(struct, 'Mode'), reading),
    startDate: readTime(textOf(struct, 'StartDate'), reading),
    expirationDate: readTime(textOf(struct, 'ExpirationDate'), reading),
    isTransferable: readBoolean(textOf(struct, 'IsTransferable'), reading),
  }
}
