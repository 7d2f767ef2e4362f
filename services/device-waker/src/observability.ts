import { metrics } from '@opentelemetry/api'

export const SERVICE = 'device-waker'

/** Names of what this service logs. */
export const LOG = {
  stunListening: 'waker.stun.listening',
  stunFailed: 'waker.stun.failed',
  xmppOnline: 'waker.xmpp.online',
  xmppLost: 'waker.xmpp.lost',
  notificationsListening: 'waker.notifications.listening',
  notificationsFailed: 'waker.notifications.failed',
  wakeFailed: 'waker.wake.failed',
} as const

const meter = metrics.getMeter(SERVICE)

export const METRICS = {
  requests: meter.createCounter('waker.requests', { description: 'Connection requests sent, by method and outcome.' }),
  duration: meter.createHistogram('waker.request.duration', {
    description: 'How long a connection request took, by method and outcome.',
    unit: 'ms',
  }),
  woken: meter.createCounter('waker.woken', { description: 'What was told of devices, by outcome.' }),
  overloaded: meter.createCounter('waker.overloaded', { description: 'Wishes refused because too many devices wait.' }),
  stun: meter.createCounter('waker.stun.datagrams', {
    description: 'Datagrams on the STUN port, by what became of them.',
  }),
  notifications: meter.createCounter('waker.notifications', {
    description: 'UDP lightweight notifications, by what became of them.',
  }),
} as const

/** How many devices wait or are being asked, for as long as the returned function is not called. */
export function watchQueue(size: () => number): () => void {
  const gauge = meter.createObservableGauge('waker.queue', { description: 'Devices that wait to be woken.' })
  const observe = (result: { observe(value: number): void }): void => result.observe(size())
  gauge.addCallback(observe)
  return () => gauge.removeCallback(observe)
}
