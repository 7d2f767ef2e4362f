import type { AutonomousTransferComplete, CpeRequest, Inform } from '../index.ts'
import { element, type Xml } from '../xml-writer.ts'
import { array, duResult, fault, known, parameterList, texts, time } from './write-cpe-parts.ts'

/** What a CPE asks. */
export function writeCpeRequest(message: CpeRequest): Xml {
  switch (message.kind) {
    case 'inform':
      return writeInform(message)
    case 'get_rpc_methods':
      return element('cwmp:GetRPCMethods')
    case 'transfer_complete':
      return element('cwmp:TransferComplete', [
        element('CommandKey', message.commandKey),
        fault('FaultStruct', message),
        ...texts({ StartTime: time(message.startTime), CompleteTime: time(message.completeTime) }),
      ])
    case 'autonomous_transfer_complete':
      return writeAutonomousTransferComplete(message)
    case 'request_download':
      return element('cwmp:RequestDownload', [
        element('FileType', message.fileType),
        array(
          'FileTypeArg',
          'cwmp:ArgStruct',
          message.fileTypeArgs.map(({ name, value }) => element('ArgStruct', texts({ Name: name, Value: value }))),
        ),
      ])
    case 'du_state_change_complete':
      return element('cwmp:DUStateChangeComplete', [
        ...message.results.map((result) => element('Results', duResult(result))),
        element('CommandKey', message.commandKey),
      ])
    case 'autonomous_du_state_change_complete':
      return element(
        'cwmp:AutonomousDUStateChangeComplete',
        message.results.map((result) =>
          element('Results', [...duResult(result), element('OperationPerformed', result.operationPerformed)]),
        ),
      )
    case 'kicked':
      return element(
        'cwmp:Kicked',
        texts({ Command: message.command, Referer: message.referer, Arg: message.arg, Next: message.next }),
      )
    case 'unknown_request':
      return element(`cwmp:${message.method}`)
  }
}

function writeInform(message: Inform): Xml {
  const { manufacturer, oui, productClass, serialNumber } = message.deviceId
  const events = message.events.map(({ code, commandKey }) =>
    element('EventStruct', texts({ EventCode: code, CommandKey: commandKey })),
  )
  return element('cwmp:Inform', [
    element(
      'DeviceId',
      texts({ Manufacturer: manufacturer, OUI: oui, ProductClass: productClass, SerialNumber: serialNumber }),
    ),
    array('Event', 'cwmp:EventStruct', events),
    ...texts({
      MaxEnvelopes: message.maxEnvelopes,
      CurrentTime: time(message.currentTime),
      RetryCount: message.retryCount,
    }),
    parameterList(message.parameters),
  ])
}

function writeAutonomousTransferComplete(message: AutonomousTransferComplete): Xml {
  return element('cwmp:AutonomousTransferComplete', [
    ...texts({
      AnnounceURL: message.announceUrl,
      TransferURL: message.transferUrl,
      IsDownload: String(message.isDownload),
      FileType: message.fileType,
      FileSize: known(message.fileSize),
      TargetFileName: message.targetFileName,
    }),
    fault('FaultStruct', message),
    ...texts({ StartTime: time(message.startTime), CompleteTime: time(message.completeTime) }),
  ])
}
