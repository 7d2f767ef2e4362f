import { createHash } from 'node:crypto'
import { ok, refuse, type Answered } from '../answered.ts'
import type { Cpe } from '../cpe.ts'
import { childOf, textOf, type XmlElement } from '../read-xml.ts'
import { list, tag, UNKNOWN_TIME } from '../write-soap.ts'

const OPTIONS = ['VoIP', 'Parental Control']
const MAX_VOUCHERS = 8

/** A voucher is taken as it comes: what is in it is not judged. Each enables the next option (TR-069 A.4.1.3). */
export function setVouchers(cpe: Cpe, args: XmlElement): Answered {
  const vouchers = (childOf(args, 'VoucherList')?.children ?? []).map((one) => one.text.replace(/\s/g, ''))
  if (vouchers.length === 0 || vouchers.some((one) => one === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(one)))
    return refuse(9003, 'A voucher is base64')
  if (vouchers.length > MAX_VOUCHERS) return refuse(9004, 'Too many vouchers')
  cpe.vouchers += vouchers.length
  const sha256 = createHash('sha256').update(vouchers.join('\n')).digest('hex')
  cpe.record({ what: 'vouchers_set', count: vouchers.length, sha256 })
  return ok('SetVouchers')
}

/** TR-069 A.4.1.4. */
export function getOptions(cpe: Cpe, args: XmlElement): Answered {
  const asked = textOf(args, 'OptionName') ?? ''
  if (asked !== '' && !OPTIONS.includes(asked)) return refuse(9003, 'There is no such option')
  const found = OPTIONS.flatMap((name, index) => {
    if (asked !== '' && asked !== name) return []
    const enabled = index < cpe.vouchers
    return [
      `<OptionStruct>${tag('OptionName', name)}${tag('VoucherSN', index + 1)}${tag('State', enabled ? 3 : 0)}${tag('Mode', enabled ? 2 : 0)}` +
        `${tag('StartDate', UNKNOWN_TIME)}${tag('ExpirationDate', UNKNOWN_TIME)}${tag('IsTransferable', 0)}</OptionStruct>`,
    ]
  })
  return ok('GetOptions', list('OptionList', 'cwmp:OptionStruct', found))
}
