export { settings } from './config.ts'
export { createFileServer, type FileServer, type FileServerParts } from './file-server.ts'
export { defaultSettings, type FileServerSettings } from './file-server-settings.ts'
