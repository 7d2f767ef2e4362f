import { listArgument, textArgument } from '../argument.ts'
import { clip, type Reading } from '../reading.ts'
import type { XmlElement } from '../xml-element.ts'
import { element, type Xml } from '../xml-writer.ts'
import { readList } from './list.ts'

/** TR-069 A.3.1.1, asked by either side. */
export interface GetRpcMethods {
  readonly kind: 'get_rpc_methods'
}

export interface GetRpcMethodsResponse {
  readonly kind: 'get_rpc_methods_response'
  /** Names on the wire, for example `Reboot` or a vendor's `X_012345_Beep`; at most 64 characters each. */
  readonly methods: readonly string[]
}

export function encodeGetRpcMethods(): Xml {
  return element('cwmp:GetRPCMethods')
}

export function decodeGetRpcMethods(): GetRpcMethods {
  return { kind: 'get_rpc_methods' }
}

export function encodeGetRpcMethodsResponse(message: GetRpcMethodsResponse): Xml {
  const methods = message.methods.map((method) => textArgument('string', method, 64))
  return element('cwmp:GetRPCMethodsResponse', [listArgument('MethodList', 'xsd:string', methods, { min: 1 })])
}

export function decodeGetRpcMethodsResponse(message: XmlElement, reading: Reading): GetRpcMethodsResponse {
  const names = readList(message, { list: 'MethodList', item: 'string' }, reading)
  return { kind: 'get_rpc_methods_response', methods: names.map((name) => clip(name.text, 64)) }
}
