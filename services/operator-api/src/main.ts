import { connectNats } from '@sluice/bus'
import { runMain } from '@sluice/runtime'
import { createOperatorApi } from './api.ts'
import { settings } from './config.ts'

await runMain('operator-api', settings, async ({ settings: given, log, clock, closeAtEnd, fail }) => {
  const bus = await connectNats({ servers: given.SLUICE_NATS_URL, service: 'operator-api', clock, log, onLost: fail })
  closeAtEnd('bus', () => bus.close())
  const api = createOperatorApi(
    { bus, clock, log },
    {
      host: given.SLUICE_API_HOST,
      port: given.SLUICE_API_PORT,
      tokens: given.SLUICE_API_TOKENS,
      intakeUrl: given.SLUICE_INTAKE_URL,
      intakeToken: given.SLUICE_INTAKE_TOKEN,
    },
  )
  await api.start()
  closeAtEnd('api', () => api.stop())
  return { checks: { bus: () => bus.status() === 'up' } }
})
