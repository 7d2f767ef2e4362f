import { type AcsRequest, CwmpError, encodeEnvelope, instanceAliasesIn, rpcNameOf, rpcSince } from '@sluice/cwmp'
import type { Knowledge } from './task.ts'

/** Why this request must not go to this device; null: it may. */
export function whyNotSent(request: AcsRequest, { session, profile }: Knowledge): string | null {
  const { cwmpVersion } = session
  const since = rpcSince(request.kind)
  // TR-069 3.7.2.1: no RPC of a version the CPE does not speak; there are CPE that hang up on one.
  if (since > cwmpVersion) return `the device speaks CWMP ${cwmpVersion}, and ${rpcNameOf(request)} came with ${since}`
  // There are CPE that reboot over it (quirk 25).
  if (profile.refusesRootPath && pathsIn(request).some(isRoot)) return 'this model refuses the root of its data model'
  if (!session.takesAliases && pathsIn(request).some((path) => instanceAliasesIn(path).length > 0)) {
    return 'the device does not know instance aliases'
  }
  const url = 'url' in request ? request.url : null
  if (url === '') return 'there is no URL to write it to'
  if (url !== null && url.length > profile.urlMaxLength) {
    return `this model takes URLs of ${profile.urlMaxLength} characters, and this one has ${url.length}`
  }
  return unwritable(request, cwmpVersion)
}

function isRoot(path: string): boolean {
  return ['', '.', 'Device.', 'InternetGatewayDevice.'].includes(path)
}

/** The paths of the data model a request names. */
function pathsIn(request: AcsRequest): readonly string[] {
  if ('path' in request) return [request.path]
  if ('names' in request) return request.names
  if ('objectName' in request) return [request.objectName]
  return 'parameters' in request ? request.parameters.map(({ name }) => name) : []
}

/** What the codec refuses to write: characters that XML has no way to say, lists that are too long. */
function unwritable(message: AcsRequest, cwmpVersion: Knowledge['session']['cwmpVersion']): string | null {
  try {
    encodeEnvelope({ id: '1', cwmpVersion, message })
    return null
  } catch (error) {
    if (error instanceof CwmpError) return error.message.slice(0, 256)
    throw error
  }
}
