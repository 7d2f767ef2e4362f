import { httpSettings } from '@sluice/cwmp-gateway'
import { settings as schedulerSettings } from '@sluice/campaign-scheduler'
import { settings as registrySettings } from '@sluice/device-registry'
import { settings as apiSettings } from '@sluice/operator-api'
import { NETWORKS_PATTERN, defineSettings } from '@sluice/runtime'
import Type from 'typebox'

const Port = Type.Integer({ minimum: 0, maximum: 65_535 })

export const settings = defineSettings({
  SLUICE_STATE_DIRECTORY: {
    type: Type.String({ minLength: 1 }),
    default: '.sluice',
    description: 'Where the database, the images and the secrets are kept.',
  },
  SLUICE_HOST: {
    type: Type.String({ minLength: 1 }),
    default: '127.0.0.1',
    description: 'Where devices are listened for, CWMP and files; 0.0.0.0 for all interfaces.',
  },
  SLUICE_PUBLIC_HOST: {
    type: Type.String({ minLength: 1, maxLength: 100 }),
    default: '127.0.0.1',
    description: 'The address or name under which devices reach this machine; it stands in download URLs.',
  },
  SLUICE_CWMP_PORT: { type: Port, default: 7547, description: 'Port of CWMP.' },
  ...httpSettings,
  SLUICE_CWMP_CONNECTION_SESSIONS: {
    ...httpSettings.SLUICE_CWMP_CONNECTION_SESSIONS,
    // It ends the CPE's own TCP connections.
    default: true,
  },
  SLUICE_FILES_PORT: { type: Port, default: 7549, description: 'Port of the files.' },
  SLUICE_API_HOST: {
    type: Type.String({ minLength: 1 }),
    default: '127.0.0.1',
    description: 'Where the REST interface listens.',
  },
  SLUICE_API_PORT: { type: Port, default: 8080, description: 'Port of the REST interface.' },
  SLUICE_API_TOKENS: {
    type: apiSettings.SLUICE_API_TOKENS.type,
    optional: true,
    secret: true,
    description: 'Who may call besides `operator`: name=token, separated by commas or lines.',
  },
  SLUICE_LAB_NETWORKS: {
    type: Type.String({ pattern: NETWORKS_PATTERN }),
    default: '',
    description: 'Private networks, separated by commas, that images may be fetched from and devices be woken in.',
  },
  SLUICE_AUTO_REGISTRATION: registrySettings.SLUICE_AUTO_REGISTRATION,
  SLUICE_BOOTSTRAP_RETURNS_PER_HOUR: registrySettings.SLUICE_BOOTSTRAP_RETURNS_PER_HOUR,
  SLUICE_REQUIRE_RELEASE: schedulerSettings.SLUICE_REQUIRE_RELEASE,
  SLUICE_STUN_PORT: { type: Port, optional: true, description: 'UDP port of a STUN server; none without it.' },
  SLUICE_NOTIFICATIONS_PORT: {
    type: Port,
    optional: true,
    description: 'UDP port of lightweight notifications; none without it.',
  },
})
