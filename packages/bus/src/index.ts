export type { Bus, IncomingEvent, IncomingRequest, OutgoingEvent, Stop } from './bus.ts'
export { BusError, type BusErrorCode } from './bus-error.ts'
export { type OutboxEvent, publishOutbox } from './publish-outbox.ts'
