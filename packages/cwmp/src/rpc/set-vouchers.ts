import { listArgument } from '../argument.ts'
import { CwmpError } from '../cwmp-error.ts'
import { element, type Xml } from '../xml-writer.ts'

/** TR-069 A.4.1.3, deprecated with the vouchers of Annex C. */
export interface SetVouchers {
  readonly kind: 'set_vouchers'
  /** Base64, with padding and without line breaks; at least one. */
  readonly vouchers: readonly string[]
}

export interface SetVouchersResponse {
  readonly kind: 'set_vouchers_response'
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

export function encodeSetVouchers(message: SetVouchers): Xml {
  const vouchers = message.vouchers.map((voucher) => {
    if (!BASE64.test(voucher)) throw new CwmpError('argument_not_base64', 'a voucher is not base64')
    return element('base64', voucher)
  })
  return element('cwmp:SetVouchers', [listArgument('VoucherList', 'soap-enc:base64', vouchers, { min: 1 })])
}

export function decodeSetVouchersResponse(): SetVouchersResponse {
  return { kind: 'set_vouchers_response' }
}
