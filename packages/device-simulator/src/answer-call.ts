import { ok, refuse, type Answered } from './answered.ts'
import { answerDownload } from './answer-download.ts'
import { forget, type Cpe } from './cpe.ts'
import { childOf, textOf, type XmlElement } from './read-xml.ts'
import { list, parameterValue, tag } from './write-soap.ts'

type Handler = (cpe: Cpe, args: XmlElement) => Answered | Promise<Answered>

const HANDLERS: Readonly<Record<string, Handler>> = {
  GetRPCMethods: (cpe) => ok('GetRPCMethods', methodList(cpe)),
  GetParameterValues: getParameterValues,
  GetParameterNames: getParameterNames,
  SetParameterValues: setParameterValues,
  Download: answerDownload,
  GetAllQueuedTransfers: getAllQueuedTransfers,
  CancelTransfer: cancelTransfer,
  ScheduleInform: scheduleInform,
  Reboot: (cpe, args) => {
    cpe.asked.reboots.push(textOf(args, 'CommandKey') ?? '')
    return ok('Reboot')
  },
  FactoryReset: (cpe) => {
    cpe.asked.factoryReset = true
    return ok('FactoryReset')
  },
}

/** A CPE's answer to one call of the ACS: a response, or a SOAP fault (TR-069 A.3.2, A.4.1). */
export async function answerCall(cpe: Cpe, name: string, args: XmlElement): Promise<Answered> {
  const handler = knows(cpe, name) ? HANDLERS[name] : undefined
  const answered = handler ? await handler(cpe, args) : refuse(9000, 'Method not supported')
  if (name !== 'Download' && answered.kind === 'answer') {
    cpe.record({ what: 'called', method: name, ...(answered.fault !== undefined && { fault: answered.fault }) })
  }
  return answered
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

function getParameterValues(cpe: Cpe, args: XmlElement): Answered {
  const asked = childOf(args, 'ParameterNames')?.children.map((one) => one.text.trim()) ?? []
  const found: string[] = []
  for (const path of asked) {
    const parameters = cpe.model.under(path)
    if (parameters.length === 0) return refuse(9005, 'Invalid parameter name')
    for (const [name, { type, value, hidden }] of parameters)
      found.push(parameterValue(name, type, hidden ? '' : value))
  }
  return ok('GetParameterValues', list('ParameterList', 'cwmp:ParameterValueStruct', found))
}

/** Full names only: objects are not listed. */
function getParameterNames(cpe: Cpe, args: XmlElement): Answered {
  const parameters = cpe.model.under(textOf(args, 'ParameterPath') ?? '')
  if (parameters.length === 0) return refuse(9005, 'Invalid parameter name')
  const found = parameters.map(
    ([name, { writable }]) =>
      `<ParameterInfoStruct>${tag('Name', name)}${tag('Writable', writable ? 1 : 0)}</ParameterInfoStruct>`,
  )
  return ok('GetParameterNames', list('ParameterList', 'cwmp:ParameterInfoStruct', found))
}

/** All or nothing (TR-069 A.3.2.1). */
function setParameterValues(cpe: Cpe, args: XmlElement): Answered {
  const wanted = (childOf(args, 'ParameterList')?.children ?? []).map((one) => ({
    name: textOf(one, 'Name') ?? '',
    value: childOf(one, 'Value')?.text ?? '',
  }))
  const wrong = wanted.flatMap(({ name, value }) => {
    const parameter = cpe.model.parameter(name)
    if (!parameter) return [valueFault(name, 9005, 'Invalid parameter name')]
    if (!parameter.writable) return [valueFault(name, 9008, 'Not writable')]
    if (parameter.type === 'xsd:unsignedInt' && !/^[1-9]\d{0,8}$/.test(value.trim()))
      return [valueFault(name, 9007, 'Not a number')]
    return []
  })
  if (wrong.length > 0) return refuse(9003, 'Invalid arguments', wrong.join(''))
  for (const { name, value } of wanted) {
    const parameter = cpe.model.parameter(name)
    if (parameter) parameter.value = parameter.type === 'xsd:string' ? value : value.trim()
  }
  const key = cpe.model.parameter(`${cpe.model.root}.ManagementServer.ParameterKey`)
  if (key) key.value = textOf(args, 'ParameterKey') ?? ''
  return ok('SetParameterValues', tag('Status', 0))
}

function valueFault(name: string, code: number, text: string): string {
  return `<SetParameterValuesFault>${tag('ParameterName', name)}${tag('FaultCode', code)}${tag('FaultString', text)}</SetParameterValuesFault>`
}

const TRANSFER_STATES = { asked: 1, planned: 1, in_progress: 2, applying: 3 } as const

function getAllQueuedTransfers(cpe: Cpe): Answered {
  const held = cpe.transfers.map(
    ({ commandKey, state, fileType }) =>
      `<AllQueuedTransferStruct>${tag('CommandKey', commandKey)}${tag('State', TRANSFER_STATES[state])}${tag('IsDownload', 1)}` +
      `${tag('FileType', fileType)}${tag('FileSize', 0)}${tag('TargetFileName', '')}</AllQueuedTransferStruct>`,
  )
  return ok('GetAllQueuedTransfers', list('TransferList', 'cwmp:AllQueuedTransferStruct', held))
}

/** A key nobody knows is no error; what is being applied cannot be undone (TR-069 A.4.1.9). */
function cancelTransfer(cpe: Cpe, args: XmlElement): Answered {
  const commandKey = textOf(args, 'CommandKey') ?? ''
  const matching = cpe.transfers.filter((transfer) => transfer.commandKey === commandKey)
  const fixed = (state: string): boolean => cpe.settings.faults.refusesCancel === true || state === 'applying'
  for (const transfer of matching.filter(({ state }) => !fixed(state))) {
    transfer.abort.abort()
    forget(cpe, transfer)
    cpe.outcome = 'cancelled'
    cpe.record({ what: 'cancelled', commandKey })
  }
  if (matching.some(({ state }) => fixed(state))) return refuse(9021, 'Cannot be cancelled now')
  return ok('CancelTransfer')
}

function scheduleInform(cpe: Cpe, args: XmlElement): Answered {
  const delaySeconds = Number(textOf(args, 'DelaySeconds') ?? '')
  const commandKey = textOf(args, 'CommandKey') ?? ''
  if (!Number.isInteger(delaySeconds) || delaySeconds <= 0) return refuse(9003, 'DelaySeconds must be above zero')
  cpe.asked.informs.push({ commandKey, delaySeconds })
  return ok('ScheduleInform')
}
