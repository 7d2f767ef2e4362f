import { isCpeRequest, type CpeMessage, type CwmpVersion } from '../index.ts'
import { element } from '../xml-writer.ts'
import { writeCpeRequest } from './write-cpe-request.ts'
import { writeCpeResponse } from './write-cpe-response.ts'

/** One message as a CPE without faults of its own would send it. */
export function writeCpeEnvelope(id: string, cwmpVersion: CwmpVersion, message: CpeMessage): string {
  const header = element('soap-env:Header', [element('cwmp:ID', id, { 'soap-env:mustUnderstand': '1' })])
  const body = isCpeRequest(message) ? writeCpeRequest(message) : writeCpeResponse(message)
  return element('soap-env:Envelope', [header, element('soap-env:Body', [body])], {
    'xmlns:soap-env': 'http://schemas.xmlsoap.org/soap/envelope/',
    'xmlns:soap-enc': 'http://schemas.xmlsoap.org/soap/encoding/',
    'xmlns:xsd': 'http://www.w3.org/2001/XMLSchema',
    'xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance',
    'xmlns:cwmp': `urn:dslforum-org:cwmp-${cwmpVersion.replace('.', '-')}`,
  }).xml
}
