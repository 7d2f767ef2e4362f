import { refuse, ok, type Answered } from '../answered.ts'
import type { Cpe } from '../cpe.ts'
import type { XmlElement } from '../read-xml.ts'
import { list, tag } from '../write-soap.ts'
import { getParameterAttributes, setParameterAttributes } from './attributes.ts'
import { changeDuState } from './change-du-state.ts'
import { answerDownload } from './download.ts'
import { addObject, deleteObject } from './objects.ts'
import { getOptions, setVouchers } from './options.ts'
import { getParameterNames } from './parameter-names.ts'
import { getParameterValues, setParameterValues } from './parameter-values.ts'
import { cancelTransfer, getAllQueuedTransfers, getQueuedTransfers } from './queued-transfers.ts'
import { factoryReset, reboot, scheduleInform } from './restart.ts'
import { scheduleDownload } from './schedule-download.ts'
import { upload } from './upload.ts'

type Handler = (cpe: Cpe, args: XmlElement) => Answered | Promise<Answered>

const HANDLERS: Readonly<Record<string, Handler>> = {
  GetRPCMethods: (cpe) => ok('GetRPCMethods', methodList(cpe)),
  SetParameterValues: setParameterValues,
  GetParameterValues: getParameterValues,
  GetParameterNames: getParameterNames,
  SetParameterAttributes: setParameterAttributes,
  GetParameterAttributes: getParameterAttributes,
  AddObject: addObject,
  DeleteObject: deleteObject,
  Download: answerDownload,
  Reboot: reboot,
  GetQueuedTransfers: getQueuedTransfers,
  GetAllQueuedTransfers: getAllQueuedTransfers,
  ScheduleInform: scheduleInform,
  ScheduleDownload: scheduleDownload,
  CancelTransfer: cancelTransfer,
  Upload: upload,
  FactoryReset: factoryReset,
  ChangeDUState: changeDuState,
  GetOptions: getOptions,
  SetVouchers: setVouchers,
}

/** Calls that change nothing: a device that is not ready yet answers them. */
const HARMLESS = new Set(['GetRPCMethods', 'GetParameterValues', 'GetParameterNames'])

/** A CPE's answer to one call of the ACS: a response, or a SOAP fault (TR-069 A.3.2, A.4.1). */
export async function answerCall(cpe: Cpe, name: string, args: XmlElement): Promise<Answered> {
  const answered = (await misbehave(cpe, name)) ?? (await perform(cpe, name, args))
  if (name !== 'Download' && answered.kind === 'answer') {
    cpe.record({ what: 'called', method: name, ...(answered.fault !== undefined && { fault: answered.fault }) })
  }
  return answered
}

async function perform(cpe: Cpe, name: string, args: XmlElement): Promise<Answered> {
  const handler = knows(cpe, name) ? HANDLERS[name] : undefined
  return handler ? handler(cpe, args) : refuse(9000, 'Method not supported')
}

async function misbehave(cpe: Cpe, name: string): Promise<Answered | undefined> {
  const { unknownCalls, busyAfterBoot } = cpe.settings.faults
  if (!knows(cpe, name) && unknownCalls !== undefined) return { kind: unknownCalls === 'drops' ? 'dropped' : 'empty' }
  if (busyAfterBoot && !HARMLESS.has(name) && Date.now() < cpe.bootedAt + busyAfterBoot.ms) {
    return busyAfterBoot.how === 'drops' ? { kind: 'dropped' } : refuse(9002, 'Still starting')
  }
  return undefined
}

function knows(cpe: Cpe, name: string): boolean {
  return Object.hasOwn(HANDLERS, name) && !cpe.settings.faults.lacksMethods?.includes(name)
}

function methodList(cpe: Cpe): string {
  const known = Object.keys(HANDLERS).filter((name) => knows(cpe, name))
  return list(
    'MethodList',
    'xsd:string',
    known.map((name) => tag('string', name)),
  )
}
