import { createIds } from '@sluice/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readTransferLine } from './transfer-log.ts'
import { createTicketOffice } from './transfer-ticket.ts'

const KEY = Buffer.alloc(32, 1)
const office = createTicketOffice([KEY])
const ids = createIds()
const ticket = { attemptId: ids.attempt(), upgradeId: ids.upgrade(), size: 700, vouchedFor: 100 }
const text = office.issue(ticket)
const line = (said: string) => `<190>Nov 30 18:29:52 sluice: ${said}`
const read = (said: string) => readTransferLine(line(said), office)

describe('a line of nginx', () => {
  it('says which bytes of an image left', () => {
    expect(read(`${text} 200 650 -`)).toEqual({ ticket, status: 200, served: { from: 0, to: 650 } })
    expect(read(`${text} 206 50 bytes 100-199/700`)).toEqual({ ticket, status: 206, served: { from: 100, to: 150 } })
  })

  it('says of an answer that is no image that nothing left', () => {
    for (const status of [304, 403, 412, 499, 500])
      expect(read(`${text} ${status} 162 -`)).toMatchObject({ status, served: { from: 0, to: 0 } })
  })

  it('claims no byte behind the end', () => {
    expect(read(`${text} 200 9999 -`)).toMatchObject({ served: { from: 0, to: 700 } })
    expect(read(`${text} 206 9999 bytes 800-899/700`)).toMatchObject({ served: { from: 700, to: 700 } })
  })

  it('is believed with a ticket of ours alone, and in this form alone', () => {
    const other = createTicketOffice([Buffer.alloc(32, 2)])
    const strange = [
      `${other.issue(ticket)} 200 650 -`,
      `${text.replace('.700.', '.600.')} 200 650 -`,
      `${text.replace('.100.', '.600.')} 200 650 -`,
      `${text.slice(0, -1)} 200 650 -`,
      `${text}= 200 650 -`,
      `- 200 650 -`,
      `${text} 206 650 -`,
      `${text} 200 650 bytes 0-9/700`,
      `${text} 200 650`,
      `${text} 200 -5 -`,
      `${text} 200 99999999999999999999 -`,
      `${text}  200 650 -`,
    ]
    for (const said of strange) expect([said, read(said)]).toEqual([said, null])
    expect(readTransferLine(`${text} 200 650 -`, office)).toBeNull()
  })

  it('may hold anything', () => {
    fc.assert(fc.property(fc.string(), (noise) => readTransferLine(noise, office) === null && read(noise) === null))
  })
})

it('a ticket by the key before the current one is still read', () => {
  expect(createTicketOffice([Buffer.alloc(32, 2), KEY]).read(text)).toEqual(ticket)
})
