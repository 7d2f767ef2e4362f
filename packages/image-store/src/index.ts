export type { ByteRange, ImageStore, OpenedImage, Promoted, Quarantined } from './image-store.ts'
export { ImageStoreError, type ImageStoreErrorCode } from './image-store-error.ts'
export { openDirectoryImageStore, sweepUnfinished } from './directory-image-store.ts'
