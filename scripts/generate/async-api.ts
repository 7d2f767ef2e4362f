import { EVENTS, PUBLIC_EVENTS, PUBLIC_REQUESTS, REQUESTS } from '@sluice/contracts'

const subjectOf = (name: string): string => `sluice.v1.${name}`

/** Everything on the bus as AsyncAPI 3.0. What AsyncAPI has no words for stands under `x-`. */
export function asyncApi(): object {
  const channels: Record<string, object> = {}
  const operations: Record<string, object> = {}
  for (const event of EVENTS) {
    channels[event.name] = {
      address: `${subjectOf(event.name)}.{key}`,
      description: event.description,
      parameters: { key: { description: event.key } },
      messages: { [event.name]: { name: event.name, contentType: 'application/json', payload: event.data } },
      'x-delivery': event.delivery,
      'x-consumers': event.consumers,
      'x-public': PUBLIC_EVENTS.includes(event),
    }
    operations[event.name] = { action: 'send', channel: { $ref: `#/channels/${event.name}` } }
  }
  for (const request of REQUESTS) {
    channels[request.name] = {
      address: subjectOf(request.name),
      description: request.description,
      messages: { [request.name]: { name: request.name, contentType: 'application/json', payload: request.input } },
      'x-server': request.server,
      // Also on `<address>.<consumer>`, for OSS and BSS.
      'x-public': PUBLIC_REQUESTS.includes(request),
      'x-deadline-ms': request.deadlineMs,
    }
    channels[`${request.name}.reply`] = {
      address: null,
      messages: {
        [`${request.name}.reply`]: { contentType: 'application/json', payload: request.output },
      },
    }
    operations[request.name] = {
      action: 'receive',
      channel: { $ref: `#/channels/${request.name}` },
      reply: { channel: { $ref: `#/channels/${request.name}.reply` } },
    }
  }
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Sluice on NATS',
      version: '1',
      description:
        'Events are CloudEvents 1.0 in binary mode with a traceparent header. Replies are { ok: true, data } or { ok: false, error: { code, detail } }; the reply schemas here are those of data. Readers ignore fields they do not know.',
    },
    channels,
    operations,
  }
}
