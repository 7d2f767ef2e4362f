export { connectRedis, type RedisParts } from './connect-redis.ts'
export { HotStoreError, type HotStoreErrorCode } from './hot-store-error.ts'
export type {
  BoundNonce,
  HotRecord,
  HotStore,
  LatestSession,
  LearntCredential,
  NonceUse,
  Offer,
  OpenedSession,
  OpenSession,
  RecordChange,
  Restored,
  ResumedSession,
  ResumePost,
  SaveSession,
  SentCall,
  SessionKey,
  StoredCredential,
} from './hot-store.ts'
export { createMemoryHotStore } from './memory-hot-store.ts'
export { bounds } from './bounds.ts'
