export { settings } from './config.ts'
export { createFirmwareVerifier, type FirmwareVerifier } from './firmware-verifier.ts'
export type { FirmwareVerifierParts, FirmwareVerifierSettings } from './parts.ts'
