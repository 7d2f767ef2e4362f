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
} as const

const meter = metrics.getMeter(SERVICE)

export const METRICS = {
  requests: meter.createCounter('files.requests', { description: 'Requests answered, by status.' }),
  bytes: meter.createCounter('files.bytes', { description: 'Bytes of images handed to sockets.', unit: 'By' }),
  uploaded: meter.createCounter('files.uploaded', { description: 'Bytes that devices put.', unit: 'By' }),
  refusals: meter.createCounter('files.refusals', { description: 'Downloads refused, by reason.' }),
  active: meter.createUpDownCounter('files.transfers.active', { description: 'Transfers under way.' }),
  factsDropped: meter.createCounter('files.facts.dropped', {
    description: 'Facts given up because the bus was away too long.',
  }),
} as const
