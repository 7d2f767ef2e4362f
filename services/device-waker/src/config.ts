import { defineSettings, natsSettings, NETWORKS_PATTERN, postgresSettings } from '@sluice/runtime'
import Type from 'typebox'
import { PORTS_PATTERN } from './guard/ports.ts'

const Port = Type.Integer({ minimum: 0, maximum: 65_535 })
const Host = Type.String({ minLength: 1 })
const NetworkList = Type.String({ pattern: NETWORKS_PATTERN })

export const settings = defineSettings({
  ...natsSettings,
  ...postgresSettings,
  SLUICE_CPE_NETWORKS: {
    type: NetworkList,
    default: '',
    description:
      'The networks of CPE, the only ones connection requests go to: 100.64.0.0/10,2001:db8::/32. Empty: every global unicast address.',
  },
  SLUICE_OWN_NETWORKS: {
    type: NetworkList,
    default: '',
    description: 'Networks of our own servers: nothing is ever sent there, even inside SLUICE_CPE_NETWORKS.',
  },
  SLUICE_LAB_NETWORKS: {
    type: NetworkList,
    default: '',
    description:
      'Loopback and private networks that are allowed nevertheless, separated by commas: 127.0.0.0/8,10.1.0.0/16.',
  },
  SLUICE_CPE_PORTS: {
    type: Type.String({ pattern: PORTS_PATTERN }),
    default: '80,1024-65535',
    description: 'Ports on which devices may be asked.',
  },
  SLUICE_WAKE_PER_SECOND: {
    type: Type.Number({ minimum: 0.1, maximum: 10_000 }),
    default: 100,
    description: 'Connection requests a second, of all devices together.',
  },
  SLUICE_WAKE_PER_DEVICE_MS: {
    type: Type.Integer({ minimum: 1_000, maximum: 3_600_000 }),
    default: 5_000,
    description: 'The least time between two connection requests to one device.',
  },
  SLUICE_WAKE_MAX_QUEUED: {
    type: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    default: 50_000,
    description: 'Devices that may wait to be woken; more are refused.',
  },
  SLUICE_WAKE_TRIES: {
    type: Type.Integer({ minimum: 1, maximum: 20 }),
    default: 5,
    description: 'How often a device that is busy is asked before it is given up.',
  },
  SLUICE_WAKE_HTTP_DEADLINE_MS: {
    type: Type.Integer({ minimum: 500, maximum: 60_000 }),
    default: 10_000,
    description: 'How long one HTTP connection request may take.',
  },
  SLUICE_WAKE_BASIC: {
    type: Type.Boolean(),
    default: false,
    description:
      'Whether who asks for basic authentication at the address of a device is told the password, in clear: the device, or who has that address now. Only where each device has a password of its own.',
  },
  SLUICE_STUN_ENABLED: {
    type: Type.Boolean(),
    default: true,
    description: 'Whether there is a STUN server, and UDP connection requests from its port (TR-069 Annex G).',
  },
  SLUICE_STUN_HOST: { type: Host, default: '0.0.0.0', description: 'IPv4 address the STUN server listens on.' },
  SLUICE_STUN_PORT: { type: Port, default: 3478, description: 'UDP port of the STUN server; 0 takes any free one.' },
  SLUICE_STUN_PUBLIC_ADDRESS: {
    type: Type.String({ pattern: '^[0-9]{1,3}(\\.[0-9]{1,3}){3}$' }),
    optional: true,
    description: 'IPv4 address devices see the STUN server as; without it that attribute is left out of answers.',
  },
  SLUICE_NOTIFICATIONS_ENABLED: {
    type: Type.Boolean(),
    default: true,
    description: 'Whether UDP lightweight notifications are taken (TR-069 Annex M).',
  },
  SLUICE_NOTIFICATIONS_HOST: { type: Host, default: '0.0.0.0', description: 'Where notifications are taken.' },
  SLUICE_NOTIFICATIONS_PORT: {
    type: Port,
    default: 7547,
    description: 'UDP port of notifications; 0 takes any free one.',
  },
  SLUICE_UDP_PER_SOURCE: {
    type: Type.Integer({ minimum: 1, maximum: 100_000 }),
    default: 100,
    description: 'Datagrams a second that are looked at from one address; many devices may share one.',
  },
  SLUICE_XMPP_SERVICE: {
    type: Type.String({ pattern: '^xmpps?://[^/\\s]+$' }),
    optional: true,
    description:
      'XMPP server for connection requests (TR-069 Annex K): xmpp://host:5222 or xmpps://host:5223. None without.',
  },
  SLUICE_XMPP_JID: {
    type: Type.String({ pattern: '^[^@/\\s]+@[^@/\\s]+(/[^\\s]+)?$', maxLength: 256 }),
    optional: true,
    description: 'Our account there: acs@example.net/sluice.',
  },
  SLUICE_XMPP_PASSWORD: {
    type: Type.String({ minLength: 1 }),
    optional: true,
    secret: true,
    description: 'Its password.',
  },
  SLUICE_XMPP_REQUIRE_TLS: {
    type: Type.Boolean(),
    default: true,
    description:
      'Nothing is sent over XMPP without TLS; authorities besides the usual ones come by NODE_EXTRA_CA_CERTS.',
  },
})
