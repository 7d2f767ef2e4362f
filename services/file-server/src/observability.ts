import { metrics } from '@opentelemetry/api'

export const SERVICE = 'file-server'

/** Names of what this service logs. */
export const LOG = {
  listening: 'files.listening',
  requestEnded: 'files.request.ended',
  requestFailed: 'files.request.failed',
  imageMissing: 'files.image.missing',
  stopsNotLearnt: 'files.stops.not_learnt',
  factsNotPublished: 'files.facts.not_published',
  factsDropped: 'files.facts.dropped',
  uploadReceived: 'files.upload.received',
  uploadRefused: 'files.upload.refused',
  uploadBrokeOff: 'files.upload.broke_off',
  transferEnded: 'files.transfer.ended',
  transferLogFailed: 'files.transfer_log.failed',
  tlsRefused: 'files.tls.refused',
  tlsRenewed: 'files.tls.renewed',
  tlsNotRenewed: 'files.tls.not_renewed',
} as const

const meter = metrics.getMeter(SERVICE)

export const METRICS = {
  requests: meter.createCounter('files.requests', { description: 'Requests answered, by status.' }),
  bytes: meter.createCounter('files.bytes', { description: 'Bytes of images handed to sockets.', unit: 'By' }),
  ranges: meter.createCounter('files.ranges', {
    description: 'Range requests, by what came of them: part, whole, unsatisfiable.',
  }),
  read: meter.createCounter('files.read.bytes', {
    description: 'Bytes of images read from the store: what was not in memory.',
    unit: 'By',
  }),
  paced: meter.createCounter('files.paced.seconds', {
    description: 'Time that transfers waited for the budget.',
    unit: 's',
  }),
  uploaded: meter.createCounter('files.uploaded', { description: 'Bytes that devices put.', unit: 'By' }),
  refusals: meter.createCounter('files.refusals', {
    description: 'Downloads refused, by reason; shedding is what did not fit the limits.',
  }),
  handedOver: meter.createCounter('files.handed_over', { description: 'Transfers that nginx was told to serve.' }),
  strangeLines: meter.createCounter('files.transfer_log.strange', {
    description: 'Lines of a transfer log that bear no ticket of ours.',
  }),
  active: meter.createUpDownCounter('files.transfers.active', { description: 'Transfers under way.' }),
  factsDropped: meter.createCounter('files.facts.dropped', {
    description: 'Facts given up because the bus was away too long.',
  }),
} as const
