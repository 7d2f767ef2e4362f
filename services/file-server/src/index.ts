export { settings } from './config.ts'
export { createFileServer, type FileServer, type FileServerParts, type FileServerSettings } from './file-server.ts'
