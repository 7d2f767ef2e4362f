export { connectRedis, type RedisParts } from './connect-redis.ts'
export { HotStoreError, type HotStoreErrorCode } from './hot-store-error.ts'
export type {
  HotRecord,
  HotStore,
  LatestSession,
  LearntCredential,
  Offer,
  OpenedSession,
  OpenSession,
  RecordChange,
  ResumedSession,
  ResumePost,
  SaveSession,
  SessionKey,
  StoredCredential,
} from './hot-store.ts'
export { createMemoryHotStore } from './memory-hot-store.ts'
export { bounds } from './bounds.ts'
