export type { Bus, IncomingEvent, IncomingRequest, OutgoingEvent, Stop } from './bus.ts'
export { BusError, type BusErrorCode } from './bus-error.ts'
export { type EmbeddedBus, type EmbeddedBusParts, createEmbeddedBus } from './embedded-bus.ts'
export { type RetryRule, USUAL_RETRIES } from './retry-rule.ts'
