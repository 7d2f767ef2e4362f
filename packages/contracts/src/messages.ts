import * as artifact from './artifact.ts'
import * as audit from './audit.ts'
import * as campaign from './campaign.ts'
import type { EventMessage, RequestMessage } from './define.ts'
import * as device from './device.ts'
import * as deviceCredential from './device-credential.ts'
import * as deviceMessage from './device-message.ts'
import * as deviceTask from './device-task.ts'
import * as gatewayRules from './gateway-rules.ts'
import * as keptSettings from './kept-settings.ts'
import * as observation from './observation.ts'
import * as reach from './reach.ts'
import * as release from './release.ts'
import * as report from './report.ts'
import * as task from './task.ts'
import * as transfer from './transfer.ts'
import * as trustKey from './trust-key.ts'
import * as trustThreshold from './trust-threshold.ts'
import * as upgrade from './upgrade.ts'
import * as upload from './upload.ts'

const all = [
  artifact,
  audit,
  campaign,
  device,
  deviceCredential,
  deviceMessage,
  deviceTask,
  gatewayRules,
  keptSettings,
  observation,
  reach,
  release,
  report,
  task,
  transfer,
  trustKey,
  trustThreshold,
  upgrade,
  upload,
].flatMap((part): unknown[] => Object.values(part))

const isMessage = (entry: unknown): entry is EventMessage | RequestMessage =>
  typeof entry === 'object' && entry !== null && 'kind' in entry && (entry.kind === 'event' || entry.kind === 'request')

const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name)

/** Every message there is, by name: what topology, AsyncAPI and the docs are made from. */
export const EVENTS: readonly EventMessage[] = all
  .filter(isMessage)
  .filter((message) => message.kind === 'event')
  .toSorted(byName)
export const REQUESTS: readonly RequestMessage[] = all
  .filter(isMessage)
  .filter((message) => message.kind === 'request')
  .toSorted(byName)
