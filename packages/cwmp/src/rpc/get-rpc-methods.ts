import { element, type Xml } from '../xml-writer.ts'

/** TR-069 A.3.1.1, asked by the CPE. */
export interface GetRpcMethods {
  readonly kind: 'get_rpc_methods'
}

export interface GetRpcMethodsResponse {
  readonly kind: 'get_rpc_methods_response'
  readonly methods: readonly string[]
}

export function decodeGetRpcMethods(): GetRpcMethods {
  return { kind: 'get_rpc_methods' }
}

export function encodeGetRpcMethodsResponse(message: GetRpcMethodsResponse): Xml {
  const methods = message.methods.map((method) => element('string', method))
  return element('cwmp:GetRPCMethodsResponse', [
    element('MethodList', methods, { 'soap-enc:arrayType': `xsd:string[${methods.length}]` }),
  ])
}
