import { natsSettings, runJob, topologySettings } from '@sluice/runtime'
import { applyTopology } from './apply-topology.ts'

/** The topology job: makes the streams and consumers, then ends. Run it before the services, and after every upgrade. */
await runJob('topology', { ...natsSettings, ...topologySettings }, {}, async ({ settings: values, log }) => {
  const { streams, consumers } = await applyTopology(values.SLUICE_NATS_URL, {
    replicas: values.SLUICE_STREAM_REPLICAS,
    maxBytes: values.SLUICE_STREAM_MAX_BYTES,
  })
  log.info({ streams: streams.length, consumers: consumers.length }, 'topology.applied')
})
