import { expect, test } from 'vitest'
import type { ImportedLine } from './imported-line.ts'
import { readCsv } from './read-csv.ts'
import { readGenieacs } from './read-genieacs.ts'
import { readJsonLines } from './read-json-lines.ts'

type Reader = (chunks: AsyncIterable<string>) => AsyncIterable<ImportedLine>

/** Read in pieces of every size: whatever the pieces, the same comes out. */
async function read(reader: Reader, text: string): Promise<ImportedLine[]> {
  const inPieces = async (size: number) => {
    async function* pieces() {
      for (let from = 0; from < text.length; from += size) yield text.slice(from, from + size)
    }
    return Array.fromAsync(reader(pieces()))
  }
  const whole = await inPieces(Math.max(1, text.length))
  for (const size of [1, 2, 7]) if (text.length < 10_000) expect(await inPieces(size)).toEqual(whole)
  return whole
}

const value = (line: number, device: object): ImportedLine => ({ kind: 'value', line, value: device })
const fault = (line: number, reason: string): ImportedLine => ({ kind: 'fault', line, reason })
const one = { oui: '00D09E', productClass: 'RG', serialNumber: '1' }

test('CSV: columns in any order, quotes, CR LF, a byte order mark, empty fields, tags', async () => {
  const text =
    '\uFEFFserialNumber,oui,productClass,password,tags\r\n1,00d09e,RG,"a ""b"", c",x; y;\r\n\r\n2,00D09E,,,\r\n"3",00D09E,"R\r\nG",p,'
  expect(await read(readCsv, text)).toEqual([
    value(2, { ...one, password: 'a "b", c', tags: ['x', 'y'] }),
    value(4, { ...one, productClass: '', serialNumber: '2' }),
    value(5, { ...one, serialNumber: '3', productClass: 'R\nG', password: 'p' }),
  ])
})

test('CSV: places of devices are columns', async () => {
  const text =
    'oui,productClass,serialNumber,site,region,accessNode,zone,tags\n00D09E,RG,1,olt-1,,bng-1,Europe/Madrid,a;b\n'
  expect(await read(readCsv, text)).toEqual([
    value(2, { ...one, site: 'olt-1', accessNode: 'bng-1', zone: 'Europe/Madrid', tags: ['a', 'b'] }),
  ])
})

test('CSV: each bad line is told by its number, and the others are read', async () => {
  const header = 'oui,productClass,serialNumber'
  const text = [
    header,
    'a,b',
    '00D09E,RG,1',
    'x,y"z,1',
    '00D09E,RG,"1"x',
    '00D09E,RG,1',
    '00D09E,RG,"open',
    '00D09E,RG,1',
  ].join('\n')
  expect(await read(readCsv, text)).toEqual([
    fault(2, 'has 2 fields where the header has 3'),
    value(3, one),
    fault(4, 'has a quote where none may be'),
    fault(5, 'has a quote where none may be'),
    value(6, one),
    fault(7, 'has a quote that is not closed'),
    value(8, one),
  ])
})

test('CSV: a quote that is never closed swallows one line, not the file', async () => {
  const lines = ['oui,productClass,serialNumber', '00D09E,RG,"1', ...Array.from({ length: 40 }, () => '00D09E,RG,1')]
  const found = await read(readCsv, lines.join('\n'))
  expect(found.filter(({ kind }) => kind === 'value')).toHaveLength(40)
  expect(found[0]).toEqual(fault(2, 'has a quote that is not closed'))
})

test('CSV: it is told long before the file ends', async () => {
  let taken = 0
  async function* lines() {
    for (const line of ['oui,productClass,serialNumber', '00D09E,RG,"1', ...Array.from({ length: 1_000 }, () => 'x')]) {
      taken += 1
      yield `${line}\n`
    }
  }
  expect((await readCsv(lines()).next()).value).toEqual(fault(2, 'has a quote that is not closed'))
  expect(taken).toBeLessThan(50)
})

test.each([
  ['00D09E,RG,1', 'no such column'],
  ['oui,serialNumber', 'productClass'],
  ['oui,oui,productClass,serialNumber', 'twice'],
])('CSV: the header "%s" is refused', async (header, reason) => {
  await expect(read(readCsv, `${header}\n`)).rejects.toThrow(reason)
})

test('a line without end is told and costs no memory; what follows is read', async () => {
  const text = `${'x'.repeat(200_000)}\n${JSON.stringify(one)}\n`
  expect(await read(readJsonLines, text)).toEqual([fault(1, 'is longer than 65536 characters'), value(2, one)])
  const csv = `oui,productClass,serialNumber\n"${'x'.repeat(200_000)}\n00D09E,RG,1`
  expect(await read(readCsv, csv)).toEqual([fault(2, 'is longer than 65536 characters'), value(3, one)])
})

test('JSON lines: empty ones are none, and bad ones are told', async () => {
  expect(await read(readJsonLines, `\n${JSON.stringify(one)}\r\n{oops\n`)).toEqual([
    value(2, one),
    fault(3, 'is not JSON'),
  ])
})

const GENIEACS = {
  _id: '00d09e-RG-1',
  _deviceId: { _OUI: '00d09e', _ProductClass: 'RG', _SerialNumber: '1', _Manufacturer: 'Acme {"}' },
  _tags: ['lab'],
  InternetGatewayDevice: {
    ManagementServer: {
      Username: { _value: 'u', _type: 'xsd:string' },
      Password: { _value: '', _type: 'xsd:string' },
      ConnectionRequestURL: { _value: 'http://192.0.2.1:7547/' },
      ConnectionRequestUsername: { _value: 'cu' },
      ConnectionRequestPassword: { _value: 'cp' },
    },
  },
}
const FROM_GENIEACS = {
  ...one,
  manufacturer: 'Acme {"}',
  tags: ['lab'],
  username: 'u',
  connectionRequestUrl: 'http://192.0.2.1:7547/',
  connectionRequestUsername: 'cu',
  connectionRequestPassword: 'cp',
}
const TR181 = { ...GENIEACS, _tags: [], InternetGatewayDevice: undefined, Device: GENIEACS.InternetGatewayDevice }

test('GenieACS: an array, over several lines or on one, or one after the other', async () => {
  const { tags: _, ...untagged } = FROM_GENIEACS
  expect(await read(readGenieacs, `[\n${JSON.stringify(GENIEACS)},\n${JSON.stringify(TR181)}\n]`)).toEqual([
    value(2, FROM_GENIEACS),
    value(3, untagged),
  ])
  expect(await read(readGenieacs, JSON.stringify([GENIEACS, TR181], null, 2))).toMatchObject([
    { line: 2, value: FROM_GENIEACS },
    { value: untagged },
  ])
  expect(await read(readGenieacs, `${JSON.stringify(GENIEACS)}\n${JSON.stringify(TR181)}`)).toHaveLength(2)
})

test('GenieACS: what is no device, and a dump that breaks off, are told', async () => {
  expect(await read(readGenieacs, `[null,\n{"a" 1},\n${JSON.stringify(GENIEACS)},\n{"_deviceId": {`)).toEqual([
    fault(1, 'holds something that is no device'),
    fault(2, 'is not JSON'),
    value(3, FROM_GENIEACS),
    fault(4, 'begins a device that the file does not end'),
  ])
})
