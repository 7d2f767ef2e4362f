/** What CPE say, by name, for where there are no reference messages. Of us, after TR-069 Annex A. */
export const builtInMessages: Readonly<Record<string, string>> = {
  empty: '',
  Inform: inform('2 PERIODIC', '1-2'),
  'Inform after an upgrade': inform('1 BOOT', '1-0', 'M Download', '7 TRANSFER COMPLETE'),
  'Inform of a new device': inform('0 BOOTSTRAP', '1-1', '1 BOOT'),
  'Inform of version 1.4': inform('6 CONNECTION REQUEST', '1-4', '4 VALUE CHANGE', 'X 02BE7C CUSTOM'),
  'Inform and a request in one POST': inform('8 DIAGNOSTICS COMPLETE', '1-0') + say('GetRPCMethods', ''),
  TransferComplete: say(
    'TransferComplete',
    '<CommandKey>fw01JD0000000000000000000000</CommandKey><FaultStruct><FaultCode>0</FaultCode><FaultString></FaultString></FaultStruct>' +
      '<StartTime>2026-11-20T12:00:00Z</StartTime><CompleteTime>2026-11-20T12:02:00+01:00</CompleteTime>',
  ),
  'TransferComplete that failed': say(
    'TransferComplete',
    '<CommandKey>fw01JD0000000000000000000001</CommandKey><FaultStruct><FaultCode>9010</FaultCode><FaultString>no route to host</FaultString></FaultStruct>' +
      '<StartTime>0001-01-01T00:00:00Z</StartTime><CompleteTime>0001-01-01T00:00:00Z</CompleteTime>',
  ),
  AutonomousTransferComplete: say(
    'AutonomousTransferComplete',
    '<AnnounceURL></AnnounceURL><TransferURL>http://192.0.2.9/fw.bin</TransferURL><IsDownload>1</IsDownload><FileType>1 Firmware Upgrade Image</FileType>' +
      '<FileSize>1048576</FileSize><TargetFileName>fw.bin</TargetFileName><FaultStruct><FaultCode>0</FaultCode><FaultString/></FaultStruct>' +
      '<StartTime>2026-11-20T12:00:00Z</StartTime><CompleteTime>2026-11-20T12:02:00Z</CompleteTime>',
  ),
  RequestDownload: say(
    'RequestDownload',
    '<FileType>1 Firmware Upgrade Image</FileType><FileTypeArg soap-enc:arrayType="cwmp:ArgStruct[1]">' +
      '<ArgStruct><Name>Version</Name><Value>1.0.0</Value></ArgStruct></FileTypeArg>',
  ),
  Kicked: say(
    'Kicked',
    '<Command>walk</Command><Referer>http://192.0.2.8/</Referer><Arg>a</Arg><Next>http://192.0.2.8/next</Next>',
  ),
  GetRPCMethods: say('GetRPCMethods', ''),
  GetParameterValuesResponse: say(
    'GetParameterValuesResponse',
    valueList([
      ['Device.DeviceInfo.SoftwareVersion', 'string', '1.0.0'],
      ['Device.DeviceInfo.UpTime', 'unsignedInt', '86400'],
      ['Device.WiFi.SSID.1.SSID', 'string', 'caf&#233; &amp; bar'],
    ]),
  ),
  GetParameterNamesResponse: say(
    'GetParameterNamesResponse',
    '<ParameterList soap-enc:arrayType="cwmp:ParameterInfoStruct[2]"><ParameterInfoStruct><Name>Device.WiFi.</Name><Writable>0</Writable></ParameterInfoStruct>' +
      '<ParameterInfoStruct><Name>Device.WiFi.SSID.1.SSID</Name><Writable>true</Writable></ParameterInfoStruct></ParameterList>',
  ),
  SetParameterValuesResponse: say('SetParameterValuesResponse', '<Status>0</Status>'),
  DownloadResponse: say(
    'DownloadResponse',
    '<Status>1</Status><StartTime>0001-01-01T00:00:00Z</StartTime><CompleteTime>0001-01-01T00:00:00Z</CompleteTime>',
  ),
  RebootResponse: say('RebootResponse', ''),
  Fault: envelope(
    '1-2',
    '<soap-env:Fault><faultcode>Client</faultcode><faultstring>CWMP fault</faultstring><detail><cwmp:Fault><FaultCode>9005</FaultCode>' +
      '<FaultString>Invalid parameter name</FaultString><SetParameterValuesFault><ParameterName>Device.X</ParameterName><FaultCode>9005</FaultCode>' +
      '<FaultString>none such</FaultString></SetParameterValuesFault></cwmp:Fault></detail></soap-env:Fault>',
  ),
}

function inform(event: string, cwmp: string, ...further: readonly string[]): string {
  const events = [event, ...further]
  const eventList = events.map(
    (code) =>
      `<EventStruct><EventCode>${code}</EventCode><CommandKey>${code.startsWith('M') ? 'fw01JD0000000000000000000000' : ''}</CommandKey></EventStruct>`,
  )
  return envelope(
    cwmp,
    '<cwmp:Inform><DeviceId><Manufacturer>Mutant</Manufacturer><OUI>02BE7C</OUI><ProductClass>BenchBox</ProductClass>' +
      `<SerialNumber>B0000001</SerialNumber></DeviceId><Event soap-enc:arrayType="cwmp:EventStruct[${events.length}]">${eventList.join('')}</Event>` +
      '<MaxEnvelopes>1</MaxEnvelopes><CurrentTime>2026-11-20T12:00:00Z</CurrentTime><RetryCount>0</RetryCount>' +
      `${valueList([
        ['Device.RootDataModelVersion', 'string', '2.11'],
        ['Device.DeviceInfo.HardwareVersion', 'string', 'H1'],
        ['Device.DeviceInfo.SoftwareVersion', 'string', '1.0.0'],
        ['Device.ManagementServer.ParameterKey', 'string', ''],
        ['Device.ManagementServer.ConnectionRequestURL', 'string', 'http://192.0.2.1:7547/cr'],
        ['Device.ManagementServer.UDPConnectionRequestAddress', 'string', '192.0.2.1:3478'],
        ['Device.ManagementServer.NATDetected', 'boolean', '1'],
      ])}</cwmp:Inform>`,
  )
}

function valueList(values: readonly (readonly [string, string, string])[]): string {
  const structs = values.map(
    ([name, type, value]) =>
      `<ParameterValueStruct><Name>${name}</Name><Value xsi:type="xsd:${type}">${value}</Value></ParameterValueStruct>`,
  )
  return `<ParameterList soap-enc:arrayType="cwmp:ParameterValueStruct[${values.length}]">${structs.join('')}</ParameterList>`
}

function say(rpc: string, inner: string): string {
  return envelope('1-2', `<cwmp:${rpc}>${inner}</cwmp:${rpc}>`)
}

function envelope(cwmp: string, body: string): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n<soap-env:Envelope xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/" ' +
    'xmlns:soap-enc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" ' +
    `xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cwmp="urn:dslforum-org:cwmp-${cwmp}">\n` +
    '<soap-env:Header><cwmp:ID soap-env:mustUnderstand="1">1</cwmp:ID><cwmp:SessionTimeout>30</cwmp:SessionTimeout></soap-env:Header>\n' +
    `<soap-env:Body>${body}</soap-env:Body></soap-env:Envelope>`
  )
}
