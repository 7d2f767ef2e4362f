import {
  ANSWERED_OUTSIDE,
  EVENTS,
  PUBLIC_EVENTS,
  PUBLIC_REQUESTS,
  REQUESTS,
  type RequestMessage,
} from '@sluice/contracts'

/** The bus at a glance; the schemas are in the AsyncAPI document. */
export function messagesPage(): string {
  const events = EVENTS.map(
    (event) =>
      `| \`sluice.v1.${event.name}.<key>\` | ${event.delivery} | ${event.consumers.join(', ') || '-'} | ${PUBLIC_EVENTS.includes(event) ? 'hears it' : '-'} | ${event.key} | ${event.description} |`,
  )
  const requests = REQUESTS.map(
    (request) =>
      `| \`sluice.v1.${request.name}\` | ${request.server} | ${outside(request)} | ${request.deadlineMs} | ${request.description} |`,
  )
  return [
    '# Messages on the bus',
    '',
    'Schemas: [asyncapi.json](generated/asyncapi.json). OSS and BSS ask on `sluice.v1.<request>.<their name>`: [OSS and BSS over NATS](../integration.md).',
    '',
    '## Events',
    '',
    '| subject | delivery | consumers | OSS/BSS | key | what happened |',
    '|---|---|---|---|---|---|',
    ...events,
    '',
    '## Requests',
    '',
    '| subject | answered by | OSS/BSS | deadline, ms | what is asked |',
    '|---|---|---|---|---|',
    ...requests,
    '',
  ].join('\n')
}

function outside(request: RequestMessage): string {
  if (ANSWERED_OUTSIDE.includes(request)) return 'answers it'
  return PUBLIC_REQUESTS.includes(request) ? 'asks it' : '-'
}
