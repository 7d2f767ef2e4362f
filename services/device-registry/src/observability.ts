import { metrics } from '@opentelemetry/api'

/** Every metric of the registry. Its log events are `registry.<entity>.<action>`. */
export function createObservability() {
  const meter = metrics.getMeter('device-registry')
  return {
    informsRecorded: meter.createCounter('registry_informs_recorded', {
      description: 'Informs written to the inventory, redeliveries included.',
    }),
    devicesImported: meter.createCounter('registry_devices_imported', {
      description: 'Devices brought in or updated by operators.',
    }),
    credentialsAsked: meter.createCounter('registry_credentials_asked', {
      description: 'Credentials that gateways asked for, by answer.',
    }),
  }
}
