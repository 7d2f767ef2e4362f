import { type Bus, type IncomingRequest, type Stop, serveAudit } from '@sluice/bus'
import {
  type InputOf,
  type OutputOf,
  type Reply,
  type RequestMessage,
  answered,
  bootstrapCredentialList,
  bootstrapCredentialPut,
  bootstrapCredentialRemove,
  credentialConfirm,
  credentialIssue,
  deviceAuditList,
  deviceCredential,
  deviceGet,
  deviceImport,
  deviceInformed,
  deviceList,
  deviceMessageList,
  deviceMessages,
  deviceNotified,
  deviceReach,
  deviceRemove,
  deviceSignature,
  deviceUpdate,
  gatewayRulesGet,
  profileList,
  profilePut,
  profileRemove,
  redirectList,
  redirectPut,
  redirectRemove,
} from '@sluice/contracts'
import { answerCredentials } from './credentials/answer-credentials.ts'
import {
  listBootstrapCredentials,
  putBootstrapCredential,
  removeBootstrapCredential,
} from './credentials/bootstrap-credentials.ts'
import { checkSignatures } from './credentials/check-signatures.ts'
import { confirmCredential } from './credentials/confirm-credential.ts'
import { issueCredential } from './credentials/issue-credential.ts'
import { getDevice, listDevices } from './devices/find-devices.ts'
import { importDevices } from './devices/import-devices.ts'
import { noSuchDevice } from './devices/no-such-device.ts'
import { removeDevice } from './devices/remove-device.ts'
import { updateDevice } from './devices/update-device.ts'
import { takeInforms } from './informs/take-informs.ts'
import { listMessages } from './messages/list-messages.ts'
import { takeMessages, takeNotifications } from './messages/take-messages.ts'
import type { Parts } from './parts.ts'
import { findReach } from './reach/find-reach.ts'
import { listProfiles, putProfile, removeProfile } from './rules/profiles.ts'
import { readNewRules } from './rules/read-rules.ts'
import { listRedirects, putRedirect, removeRedirect } from './rules/redirects.ts'

/** The table: which message leads to which use case. */
export function bindHandlers(parts: Parts): Promise<Stop[]> {
  const { bus, sql } = parts
  return Promise.all([
    // The inventory may lag a moment: one statement for what a tenth of a second brings.
    bus.consume(deviceInformed, (batch) => takeInforms(parts, batch), { gatherMs: 100 }),
    bus.consume(deviceMessages, (batch) => takeMessages(parts, batch), { maxBatch: 16 }),
    bus.consume(deviceNotified, (batch) => takeNotifications(parts, batch)),

    serve(bus, deviceList, (input) => listDevices(parts, input)),
    serve(bus, deviceGet, async ({ device }) => found(await getDevice(parts, device))),
    serve(bus, deviceImport, (input) => importDevices(parts, input)),
    serve(bus, deviceUpdate, (input) => updateDevice(parts, input)),
    serve(bus, deviceRemove, (input) => removeDevice(parts, input)),
    serve(bus, deviceReach, async ({ deviceKey }) => found(await findReach(parts, deviceKey))),
    serve(bus, deviceMessageList, (input) => listMessages(sql, input)),

    bus.serve(deviceCredential, (batch) => answerCredentials(parts, batch), { gatherMs: 2 }),
    bus.serve(deviceSignature, (batch) => checkSignatures(parts, batch), { gatherMs: 2 }),
    serve(bus, credentialIssue, (input) => issueCredential(parts, input)),
    serve(bus, credentialConfirm, (input) => confirmCredential(parts, input)),
    serve(bus, bootstrapCredentialPut, (input) => putBootstrapCredential(parts, input)),
    serve(bus, bootstrapCredentialList, async () => answered(await listBootstrapCredentials(sql))),
    serve(bus, bootstrapCredentialRemove, (input) => removeBootstrapCredential(parts, input)),

    serve(bus, gatewayRulesGet, async ({ known }) => answered({ rules: await readNewRules(sql, known) })),
    serve(bus, profileList, async () => answered(await listProfiles(sql))),
    serve(bus, profilePut, (input) => putProfile(parts, input)),
    serve(bus, profileRemove, (input) => removeProfile(parts, input)),
    serve(bus, redirectList, async () => answered(await listRedirects(sql))),
    serve(bus, redirectPut, (input) => putRedirect(parts, input)),
    serve(bus, redirectRemove, (input) => removeRedirect(parts, input)),

    serveAudit(bus, deviceAuditList, parts),
  ])
}

function found<T>(what: T | undefined): Reply<T> {
  return what === undefined ? noSuchDevice() : answered(what)
}

/** Requests that are answered each on its own. */
function serve<M extends RequestMessage>(
  bus: Bus,
  message: M,
  answer: (input: InputOf<M>) => Promise<Reply<OutputOf<M>>>,
): Promise<Stop> {
  return bus.serve(message, (batch: readonly IncomingRequest<InputOf<M>>[]) =>
    Promise.all(batch.map(({ input }) => answer(input))),
  )
}
