/** TR-069 A.3.1.1, asked by the CPE. */
export interface GetRpcMethods {
  readonly kind: 'get_rpc_methods'
}

export interface GetRpcMethodsResponse {
  readonly kind: 'get_rpc_methods_response'
  readonly methods: readonly string[]
}
