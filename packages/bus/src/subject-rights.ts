import {
  ANSWERED_OUTSIDE,
  EVENTS,
  type EventMessage,
  PUBLIC_EVENTS,
  PUBLIC_REQUESTS,
  REQUESTS,
  type RequestMessage,
} from '@sluice/contracts'
import {
  USUAL_NAMESPACE,
  callerSubject,
  consumerName,
  everyKeyOf,
  inboxOf,
  requestSubject,
  streamName,
} from './message-subject.ts'
import { BusError } from './bus-error.ts'

/** What a user of NATS may say and hear, and nothing else. */
export interface SubjectRights {
  readonly user: string
  readonly publish: readonly string[]
  readonly subscribe: readonly string[]
  /** May answer each request it was handed, once, wherever its asker waits. */
  readonly answers: boolean
}

/** What services ask and say; what they serve and consume stands in the contracts. A new word here is a right that is given. */
const SPEAKS: Record<string, { asks: readonly string[]; says: readonly string[]; listens: readonly string[] }> = {
  'cwmp-gateway': {
    asks: [
      'credential.confirm',
      'credential.issue',
      'device.credential',
      'gateway_rules.get',
      'placement.list',
      'settings.kept',
      'task.claim',
      'task.placements',
      'task.report',
      'upgrade.claim',
    ],
    says: ['attempt.observed', 'device.informed', 'device.messages'],
    listens: ['gateway_rules.changed'],
  },
  'device-registry': {
    asks: [],
    says: ['device.changed', 'device.credential_changed', 'gateway_rules.changed'],
    listens: [],
  },
  'device-tasks': {
    asks: ['credential.confirm', 'credential.issue', 'device.get', 'device.list', 'device.wake', 'upload.grant'],
    says: ['task.changed', 'task.placed'],
    listens: ['device.woken'],
  },
  'device-waker': {
    asks: ['device.reach', 'device.signature'],
    says: ['device.notified', 'device.woken'],
    listens: [],
  },
  'artifact-resolver': { asks: [], says: ['artifact.registered', 'artifact.revoked', 'image.doubted'], listens: [] },
  'firmware-verifier': {
    asks: [],
    says: ['artifact.rejected', 'artifact.revoked', 'artifact.trusted', 'release.added', 'release.revoked'],
    listens: [],
  },
  'file-server': {
    asks: ['transfer_stops.get'],
    says: ['attempt.observed', 'upload.received'],
    listens: ['image.doubted', 'transfer_stops.changed'],
  },
  'campaign-scheduler': {
    asks: [
      'artifact.get',
      'artifact.list',
      'artifact.resolve',
      'device.list',
      'gate.ask',
      'release.get',
      'release.list',
      'upload.grant',
    ],
    says: ['artifact.suspected', 'campaign.changed', 'task.placed', 'transfer_stops.changed', 'upgrade.changed'],
    listens: [],
  },
  'operator-api': {
    asks: [
      'artifact.*',
      'artifact_audit.list',
      'audit.list',
      'bootstrap_credential.*',
      'campaign.*',
      'device_audit.list',
      'device.get',
      'device.import',
      'device.list',
      'device.remove',
      'device.update',
      'device_message.list',
      'fleet_task.*',
      'history.*',
      'profile.*',
      'redirect.*',
      'release.*',
      'task_audit.list',
      'task.cancel',
      'task.create',
      'task.get',
      'task.list',
      'trust_audit.list',
      'trust_key.*',
      'trust_threshold.*',
      'upgrade.get',
      'upgrade.list',
    ],
    says: [],
    listens: ['campaign.changed', 'task.changed', 'upgrade.changed'],
  },
}

/** Who is outside, unless told: one consumer. */
const USUAL_CONSUMERS = ['oss']
const TOPOLOGY = 'topology'

/**
 * A user for each service, one for the topology job, and one for each consumer outside: an OSS, a BSS. Throws BusError
 * `invalid_user` for a consumer whose name is no subject token, or is taken.
 */
export function allRights(consumers: readonly string[] = [], namespace = USUAL_NAMESPACE): SubjectRights[] {
  const outside = consumers.length === 0 ? USUAL_CONSUMERS : consumers
  outside.forEach((name, index) => {
    if (!/^[a-z][a-z0-9-]{0,31}$/.test(name)) {
      throw new BusError('invalid_user', `${JSON.stringify(name)}: a name is of lower-case letters, digits and -`)
    }
    if (name in SPEAKS || name === TOPOLOGY || outside.indexOf(name) !== index) {
      throw new BusError('invalid_user', `${name} is taken`)
    }
  })
  const services = Object.keys(SPEAKS).map((service) => serviceRights(service, namespace))
  const topology: SubjectRights = {
    user: TOPOLOGY,
    // Streams, consumers and dead letters are its work, which are replayed to where they came from.
    publish: ['$JS.API.>', ...EVENTS.filter(isStored).map((event) => everyKeyOf(event, namespace))],
    subscribe: [`${inboxOf(TOPOLOGY)}.>`],
    answers: false,
  }
  return [...services, topology, ...outside.map((name) => consumerRights(name, namespace))]
}

function serviceRights(service: string, namespace: string): SubjectRights {
  const { asks, says, listens } = SPEAKS[service]!
  const served = REQUESTS.filter(({ server }) => server === service)
  const consumed = EVENTS.filter(({ consumers }) => consumers.includes(service))
  return {
    user: service,
    publish: [
      ...asks.flatMap((name) => requestsNamed(name).map((request) => requestSubject(request, namespace))),
      ...says.map((name) => everyKeyOf(eventNamed(name), namespace)),
      ...consumed.flatMap((event) => consumerSubjects(service, event, namespace)),
      ...(consumed.length > 0 ? [`${namespace}.dlq.${service}.>`] : []),
    ],
    subscribe: [
      `${inboxOf(service)}.>`,
      ...served.map((request) => requestSubject(request, namespace)),
      ...served.filter(isPublic).map((request) => callerSubject(request, '*', namespace)),
      ...listens.map((name) => everyKeyOf(eventNamed(name), namespace)),
    ],
    answers: served.length > 0,
  }
}

/** One consumer outside: it asks in its own name, hears what is public, and answers gates. */
function consumerRights(user: string, namespace: string): SubjectRights {
  return {
    user,
    publish: PUBLIC_REQUESTS.map((request) => callerSubject(request, user, namespace)),
    subscribe: [
      `${inboxOf(user)}.>`,
      ...PUBLIC_EVENTS.map((event) => everyKeyOf(event, namespace)),
      ...ANSWERED_OUTSIDE.map((request) => requestSubject(request, namespace)),
    ],
    answers: true,
  }
}

/** To bind to its durable consumer, take from it and acknowledge; not to change it. */
function consumerSubjects(service: string, event: EventMessage, namespace: string): string[] {
  const consumer = `${streamName(event, namespace)}.${consumerName(service, event)}`
  return [`$JS.API.CONSUMER.INFO.${consumer}`, `$JS.API.CONSUMER.MSG.NEXT.${consumer}`, `$JS.ACK.${consumer}.>`]
}

const isStored = ({ delivery }: EventMessage): boolean => delivery === 'stored'
const isPublic = (request: RequestMessage): boolean => PUBLIC_REQUESTS.includes(request)

/** `campaign.*`: all of the entity. A name that is none is a mistake here. */
function requestsNamed(name: string): RequestMessage[] {
  const [entity, verb] = name.split('.')
  const found = REQUESTS.filter((request) =>
    verb === '*' ? request.name.startsWith(`${entity}.`) : request.name === name,
  )
  if (found.length === 0) throw new Error(`there is no request ${name}`)
  return found.filter((one) => verb !== '*' || !INTERNAL.has(one.name))
}

/** Between services alone, whoever may ask all else of the entity. */
const INTERNAL = new Set(['artifact.resolve'])

function eventNamed(name: string): EventMessage {
  const found = EVENTS.find((event) => event.name === name)
  if (found === undefined) throw new Error(`there is no event ${name}`)
  return found
}

/** The users as nats-server 2.9 reads them; passwords are variables, `$PASSWORD_CWMP_GATEWAY`. */
export function natsUsers(all: readonly SubjectRights[]): string {
  const list = (subjects: readonly string[]) =>
    [...new Set(subjects)]
      .toSorted()
      .map((one) => `        "${one}"`)
      .join('\n')
  const users = all.map(
    ({ user, publish, subscribe, answers }) => `  {
    user: "${user}"
    password: $PASSWORD_${user.replaceAll('-', '_').toUpperCase()}
    permissions: {
      publish: { allow: [
${list(publish)}
      ] }
      subscribe: { allow: [
${list(subscribe)}
      ] }${answers ? '\n      allow_responses: { max: 1, expires: "2m" }' : ''}
    }
  }`,
  )
  return `# Who may say and hear what, written from the contracts. For consumers of your own, write it anew:
#   node packages/bus/src/users.main.ts oss billing > deploy/nats/users.conf
# Passwords are variables of passwords.conf, beside this file. Users are one as well: a server whose authorization names it
# does not start where this file is empty, instead of letting everybody in.
include passwords.conf
SLUICE_USERS: [
${users.join('\n')}
]
`
}
