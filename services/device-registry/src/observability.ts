import { metrics } from '@opentelemetry/api'

export type Observability = ReturnType<typeof createObservability>

/** Every metric of the registry. Its log events are `registry.<entity>.<action>`. */
export function createObservability() {
  const meter = metrics.getMeter('device-registry')
  return {
    informsRecorded: meter.createCounter('registry_informs_recorded', {
      description: 'Informs written to the inventory, redeliveries included.',
    }),
    informsOfStrangers: meter.createCounter('registry_informs_of_strangers', {
      description: 'Informs of devices that were not imported, while auto-registration is off.',
    }),
    devicesImported: meter.createCounter('registry_devices_imported', {
      description: 'Devices brought in or updated by operators.',
    }),
    credentialsAsked: meter.createCounter('registry_credentials_asked', {
      description: 'Credentials that gateways asked for, by answer.',
    }),
    bootstrapReturns: meter.createCounter('registry_bootstrap_returns', {
      description:
        'Devices that have a credential of their own and came by that of their model: allowed, above the rate of the alarm, or refused.',
    }),
    credentialsContested: meter.createCounter('registry_credentials_contested', {
      description:
        'Of those, who came again while the credential that was kept of them the last time still holds: two may pass for one device.',
    }),
    credentialsUnreadable: meter.createCounter('registry_credentials_unreadable', {
      description: 'Questions that could not be answered, since a stored password does not open with the key.',
    }),
    messagesLogged: meter.createCounter('registry_messages_logged', {
      description: 'Lines for message logs of devices, redeliveries included.',
    }),
    messagesTrimmed: meter.createCounter('registry_messages_trimmed', {
      description: 'Lines of message logs that were deleted, by why.',
    }),
  }
}
