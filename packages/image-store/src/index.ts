export type { ByteRange, ImageStore, OpenedImage, Promoted, Quarantined, QuarantinedImage } from './image-store.ts'
export { ImageStoreError, type ImageStoreErrorCode } from './image-store-error.ts'
export { openDirectoryUploadStore, type PutUpload, type UploadStore } from './upload-store.ts'
export { openDirectoryImageStore } from './directory-image-store.ts'
