import { escapeXml } from './read-xml.ts'

const NAMESPACES = [
  'xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/"',
  'xmlns:soap-enc="http://schemas.xmlsoap.org/soap/encoding/"',
  'xmlns:xsd="http://www.w3.org/2001/XMLSchema"',
  'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"',
].join(' ')

/** "Unknown Time" (TR-069 3.2, dateTime). */
export const UNKNOWN_TIME = '0001-01-01T00:00:00Z'

/** One SOAP 1.1 envelope. `cwmp` is the version in the namespace: 1-0, 1-1 or 1-2. `headers` are further header elements. */
export function envelope(cwmp: string, id: string, content: string, headers = ''): string {
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<soap-env:Envelope ${NAMESPACES} xmlns:cwmp="urn:dslforum-org:cwmp-${cwmp}">` +
    `<soap-env:Header><cwmp:ID soap-env:mustUnderstand="1">${escapeXml(id)}</cwmp:ID>${headers}</soap-env:Header>` +
    `<soap-env:Body>${content}</soap-env:Body></soap-env:Envelope>`
  )
}

export function tag(name: string, text: string | number): string {
  return `<${name}>${escapeXml(String(text))}</${name}>`
}

export function method(name: string, content = ''): string {
  return `<cwmp:${name}>${content}</cwmp:${name}>`
}

/** A SOAP-encoded array: its count stands in the arrayType attribute. */
export function list(name: string, type: string, items: readonly string[]): string {
  return `<${name} soap-enc:arrayType="${type}[${items.length}]">${items.join('')}</${name}>`
}

export function parameterValue(name: string, type: string, value: string): string {
  return `<ParameterValueStruct>${tag('Name', name)}<Value xsi:type="${type}">${escapeXml(value)}</Value></ParameterValueStruct>`
}

export function faultStruct(code: number, text: string): string {
  return `<FaultStruct>${tag('FaultCode', code)}${tag('FaultString', text)}</FaultStruct>`
}

/** The Client faults of TR-069 A.5.1, table 87; all others are Server faults. */
const CLIENT_FAULTS = new Set([9003, 9005, 9006, 9007, 9008, 9020, 9021])

/** A SOAP fault (TR-069 3.4.1); `extra` are SetParameterValuesFault elements. */
export function soapFault(code: number, text: string, extra = ''): string {
  return (
    `<soap-env:Fault><faultcode>${CLIENT_FAULTS.has(code) ? 'Client' : 'Server'}</faultcode><faultstring>CWMP fault</faultstring>` +
    `<detail><cwmp:Fault>${tag('FaultCode', code)}${tag('FaultString', text)}${extra}</cwmp:Fault></detail></soap-env:Fault>`
  )
}
