import type { DeviceCall, InputOf, credentialIssue } from '@sluice/contracts'

export type CredentialPurpose = InputOf<typeof credentialIssue>['purpose']

/** A call as it lies sealed. A credential it writes is issued when it is claimed: until then there is none to be stolen. */
export interface StoredCall {
  readonly call: DeviceCall
  readonly credential?: {
    readonly purpose: CredentialPurpose
    /** Which part of it goes into which parameter of the call. */
    readonly into: Readonly<Record<string, 'username' | 'password'>>
  }
}
