export interface FaultCodeEntry {
  readonly code: number
  readonly meaning: string
  /** SOAP faultcode the specification asks for; null: either. */
  readonly type: 'Client' | 'Server' | null
}
