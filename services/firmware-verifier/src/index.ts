export { settings } from './config.ts'
export { createFirmwareVerifier, type FirmwareVerifier } from './firmware-verifier.ts'
export type { FirmwareVerifierParts, FirmwareVerifierSettings } from './parts.ts'
export { createExaminer, type Examined, type Examiner } from './examine/examiner.ts'
