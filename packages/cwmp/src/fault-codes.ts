export interface FaultCodeEntry {
  readonly code: number
  readonly meaning: string
  /** The SOAP faultcode that goes with it: whose mistake it is. */
  readonly type: 'Client' | 'Server'
}

const table: readonly (readonly [number, 'Client' | 'Server', string])[] = [
  [8000, 'Server', 'Method not supported'],
  [8001, 'Server', 'Request denied'],
  [8002, 'Server', 'Internal error'],
  [8003, 'Client', 'Invalid arguments'],
  [8004, 'Server', 'Resources exceeded'],
  [8005, 'Server', 'Retry request'],
  [8006, 'Server', 'ACS version incompatible with CPE'],
  [9000, 'Server', 'Method not supported'],
  [9001, 'Server', 'Request denied'],
  [9002, 'Server', 'Internal error'],
  [9003, 'Client', 'Invalid arguments'],
  [9004, 'Server', 'Resources exceeded'],
  [9005, 'Client', 'Invalid parameter name'],
  [9006, 'Client', 'Invalid parameter type'],
  [9007, 'Client', 'Invalid parameter value'],
  [9008, 'Client', 'Parameter is not writable'],
  [9009, 'Server', 'Notification request rejected'],
  [9010, 'Server', 'File transfer failure'],
  [9011, 'Server', 'Upload failure'],
  [9012, 'Server', 'File server authentication failure'],
  [9013, 'Server', 'Unsupported protocol for file transfer'],
  [9014, 'Server', 'Unable to join multicast group'],
  [9015, 'Server', 'Unable to contact file server'],
  [9016, 'Server', 'Unable to access file'],
  [9017, 'Server', 'Unable to complete download'],
  [9018, 'Server', 'File corrupted or unusable'],
  [9019, 'Server', 'File authentication failure'],
  [9020, 'Client', 'Unable to complete download within its time windows'],
  [9021, 'Client', 'Transfer cannot be cancelled in its present state'],
  [9022, 'Server', 'Invalid UUID format'],
  [9023, 'Server', 'Unknown execution environment'],
  [9024, 'Server', 'Disabled execution environment'],
  [9025, 'Server', 'Deployment unit does not match execution environment'],
  [9026, 'Server', 'Duplicate deployment unit'],
  [9027, 'Server', 'System resources exceeded'],
  [9028, 'Server', 'Unknown deployment unit'],
  [9029, 'Server', 'Invalid deployment unit state'],
  [9030, 'Server', 'Deployment unit downgrade not permitted'],
  [9031, 'Server', 'Deployment unit version not specified'],
  [9032, 'Server', 'Deployment unit version already exists'],
]

/** The fault codes of TR-069 A.5, of CPE (9000 on) and ACS (8000 on). Vendors own 9800-9899 and 8800-8899. */
export const faultCodes: ReadonlyMap<number, FaultCodeEntry> = new Map(
  table.map(([code, type, meaning]) => [code, { code, type, meaning }]),
)
