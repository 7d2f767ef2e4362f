export { type ApiParts, type ApiSettings, type OperatorApi, createOperatorApi } from './api.ts'
export { settings } from './config.ts'
