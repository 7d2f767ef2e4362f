export { GENESIS, hashBatch, hashEntry } from './hash-entry.ts'
export type { ChainEntry, ChainFormat } from './hash-entry.ts'
export { createVerifier } from './verify-chain.ts'
export type { Breach, BreachReason, ChainPart, HeadClaim, SealedEntry, Summary, Verifier } from './verify-chain.ts'
