/** A SOAP fault a CPE sent instead of a response (TR-069 3.4.7, A.5.1). */
export interface CpeFault {
  readonly kind: 'fault'
  /** FaultCode of the detail; 9001 with the warning `fault_without_detail` where none could be read. */
  readonly code: number
  /** FaultString, else the SOAP faultstring; at most 256 characters. */
  readonly text: string
  /** SetParameterValuesFault: what was wrong with single parameters. */
  readonly parameterFaults: readonly ParameterFault[]
}

export interface ParameterFault {
  readonly name: string
  readonly code: number
  readonly text: string
}

/** A SOAP fault of the ACS (TR-069 A.5.2). */
export interface AcsFault {
  readonly kind: 'acs_fault'
  readonly code: AcsFaultCode
  /** Overrides the standard text. */
  readonly text?: string
}

export type AcsFaultCode = 8000 | 8001 | 8002 | 8003 | 8004 | 8005 | 8006
