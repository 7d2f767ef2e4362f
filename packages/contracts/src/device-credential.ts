import Type, { type Static } from 'typebox'
import { event, request } from './define.ts'
import { Actor, DeviceKey } from './values.ts'

const Oui = Type.String({ pattern: '^[0-9A-F]{6}$' })
const Name64 = Type.String({ maxLength: 64 })

/**
 * `own`: this device's. `pending`: issued, not seen in use yet. `former`: was its own until one that was issued to who came
 * by `bootstrap` took its place, which may have been somebody else. `bootstrap`: its model's, for the first contact.
 */
export const CredentialRole = Type.Enum(['own', 'pending', 'former', 'bootstrap'])
export type CredentialRole = Static<typeof CredentialRole>

/** One password that was issued: it tells nothing of it. */
const IssueId = Type.String({ pattern: '^[0-9a-f]{32}$' })

/**
 * HA1 of RFC 2617, which is what digest needs and what a basic password can be checked against:
 * the password itself never leaves the registry. `unknown` is a positive answer: there is no such user.
 */
export const deviceCredential = request('device.credential', {
  server: 'device-registry',
  deadlineMs: 2_000,
  description: 'The digest secrets one device may authenticate with, for a gateway that has not met it yet.',
  input: Type.Object({
    deviceKey: DeviceKey,
    realm: Type.String({ maxLength: 64 }),
    /** Of the Inform: for the credential of its model. Absent where there was none yet. */
    model: Type.Optional(Type.Object({ oui: Oui, productClass: Name64 })),
    /** It says 0 BOOTSTRAP and has an open attempt: it may have lost its own credential to the new firmware. */
    mayHaveForgotten: Type.Optional(Type.Boolean()),
  }),
  output: Type.Union([
    Type.Object({
      kind: Type.Literal('known'),
      candidates: Type.Array(
        Type.Object({
          role: CredentialRole,
          username: Type.String({ maxLength: 256 }),
          ha1: Type.String({ pattern: '^[0-9a-f]{32}$' }),
          /** Of `pending`: what its confirmation names. */
          issueId: Type.Optional(IssueId),
        }),
        { minItems: 1, maxItems: 4 },
      ),
    }),
    Type.Object({ kind: Type.Literal('unknown') }),
  ]),
})

const CredentialPurpose = Type.Union([Type.Literal('cwmp'), Type.Literal('connection_request'), Type.Literal('xmpp')])

/**
 * On request and reply alone, which nobody stores. Asked again before it is confirmed: the same answer, but for a device
 * with a credential of its own that came by its model's, which is issued a fresh one in each session. `unavailable`
 * where too many of those came within the hour.
 */
export const credentialIssue = request('credential.issue', {
  server: 'device-registry',
  deadlineMs: 3_000,
  description: 'A new user name and password for one device to be written into it; the old ones hold until confirmed.',
  input: Type.Object({
    deviceKey: DeviceKey,
    purpose: CredentialPurpose,
    actor: Actor,
    /** The session was let in by the credential of the model. */
    byBootstrap: Type.Optional(Type.Boolean()),
    /** Within one session the answer is always the same. */
    sessionId: Type.Optional(Type.String({ maxLength: 64 })),
  }),
  output: Type.Object({
    username: Type.String({ maxLength: 256 }),
    password: Type.String({ maxLength: 256 }),
    /** For who confirms it. */
    issueId: Type.Optional(IssueId),
  }),
})

export const credentialConfirm = request('credential.confirm', {
  server: 'device-registry',
  deadlineMs: 3_000,
  description:
    'The device has taken the credential that was issued, or authenticated with it: of purpose cwmp nothing but the latter. Idempotent.',
  input: Type.Object({
    deviceKey: DeviceKey,
    purpose: CredentialPurpose,
    /** With it nothing is confirmed but that one; without, what was issued last. */
    issueId: Type.Optional(IssueId),
  }),
  output: Type.Object({}),
})

/** The credential every device of a model leaves the factory with. */
export const BootstrapCredential = Type.Object({
  oui: Oui,
  productClass: Name64,
  username: Type.String({ minLength: 1, maxLength: 256 }),
})
export type BootstrapCredential = Static<typeof BootstrapCredential>

export const bootstrapCredentialPut = request('bootstrap_credential.put', {
  server: 'device-registry',
  deadlineMs: 3_000,
  description: 'Sets the credential devices of a model may make their first contact with.',
  input: Type.Object({
    ...BootstrapCredential.properties,
    password: Type.String({ minLength: 1, maxLength: 256 }),
    actor: Actor,
  }),
  output: BootstrapCredential,
})
export const bootstrapCredentialList = request('bootstrap_credential.list', {
  server: 'device-registry',
  deadlineMs: 3_000,
  description: 'Which models have one.',
  input: Type.Object({}),
  output: Type.Object({ items: Type.Array(BootstrapCredential) }),
})
export const bootstrapCredentialRemove = request('bootstrap_credential.remove', {
  server: 'device-registry',
  deadlineMs: 3_000,
  description: 'Withdraws the credential of a model.',
  input: Type.Object({ oui: Oui, productClass: Name64, actor: Actor }),
  output: Type.Object({}),
})

export const credentialChanged = event('device.credential_changed', {
  delivery: 'stored',
  consumers: ['cwmp-gateway'],
  key: 'all',
  description: 'Credentials of devices were replaced or withdrawn: gateways forget what they remember of them.',
  data: Type.Object({ deviceKeys: Type.Array(DeviceKey, { minItems: 1, maxItems: 1_000 }) }),
})
