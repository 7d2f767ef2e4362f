export {
  defaultSettings,
  type GatewaySettings,
  gatewaySettings as settings,
  httpSettings,
  httpSettingsOf,
} from './config.ts'
export { createGateway, type Gateway, type GatewayOptions } from './gateway.ts'
