import { EVENTS, REQUESTS } from '@sluice/contracts'

/** The bus at a glance; the schemas are in the AsyncAPI document. */
export function messagesPage(): string {
  const events = EVENTS.map(
    (event) =>
      `| \`sluice.v1.${event.name}.<key>\` | ${event.delivery} | ${event.consumers.join(', ') || '-'} | ${event.key} | ${event.description} |`,
  )
  const requests = REQUESTS.map(
    (request) =>
      `| \`sluice.v1.${request.name}\` | ${request.server} | ${request.deadlineMs} | ${request.description} |`,
  )
  return [
    '# Messages on the bus',
    '',
    'Schemas: [asyncapi.json](generated/asyncapi.json).',
    '',
    '## Events',
    '',
    '| subject | delivery | consumers | key | what happened |',
    '|---|---|---|---|---|',
    ...events,
    '',
    '## Requests',
    '',
    '| subject | answered by | deadline, ms | what is asked |',
    '|---|---|---|---|',
    ...requests,
    '',
  ].join('\n')
}
