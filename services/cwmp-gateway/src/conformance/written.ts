/** What an Inform says. */
export interface WrittenInform {
  readonly serial: string
  readonly model?: string
  readonly oui?: string
  readonly manufacturer?: string
  readonly version?: string
  readonly root?: 'Device.' | 'InternetGatewayDevice.'
  /** A code, or a code with its CommandKey. */
  readonly events?: readonly (string | readonly [code: string, commandKey: string])[]
  /** Besides hardware version, software version and ConnectionRequestURL; names below the root. */
  readonly more?: readonly (readonly [name: string, value: string])[]
  readonly cwmp?: string
  /** What stands in the SOAP header; the usual cwmp:ID unless told. */
  readonly header?: string
}

export function writtenInform(about: WrittenInform): string {
  const { serial, model = 'HomeBox', oui = '00D09E', manufacturer = 'Acme', version = '1.0', root = 'Device.' } = about
  const { events = ['2 PERIODIC'], more = [], cwmp = '1-2', header } = about
  const structs = events.map((event) => {
    const [code, key] = typeof event === 'string' ? [event, ''] : event
    return `<EventStruct><EventCode>${code}</EventCode><CommandKey>${key}</CommandKey></EventStruct>`
  })
  const parameters = [
    ['DeviceInfo.HardwareVersion', 'H1'],
    ['DeviceInfo.SoftwareVersion', version],
    ['ManagementServer.ConnectionRequestURL', 'http://192.0.2.1:7547/cr'],
    ...more,
  ].map(([name = '', value = '']) => [root + name, value] as const)
  return enveloped(
    '<cwmp:Inform>' +
      `<DeviceId><Manufacturer>${manufacturer}</Manufacturer><OUI>${oui}</OUI><ProductClass>${model}</ProductClass>` +
      `<SerialNumber>${serial}</SerialNumber></DeviceId>` +
      `<Event soap-enc:arrayType="cwmp:EventStruct[${events.length}]">${structs.join('')}</Event>` +
      '<MaxEnvelopes>1</MaxEnvelopes><CurrentTime>2026-11-20T12:00:00Z</CurrentTime><RetryCount>0</RetryCount>' +
      `${writtenValues(parameters)}</cwmp:Inform>`,
    { cwmp, ...(header === undefined ? {} : { header }) },
  )
}

/** A ParameterList. */
export function writtenValues(parameters: readonly (readonly [name: string, value: string])[]): string {
  const structs = parameters.map(
    ([name, value]) =>
      `<ParameterValueStruct><Name>${name}</Name><Value xsi:type="xsd:string">${value}</Value></ParameterValueStruct>`,
  )
  return `<ParameterList soap-enc:arrayType="cwmp:ParameterValueStruct[${parameters.length}]">${structs.join('')}</ParameterList>`
}

export const ID_7 = '<cwmp:ID soap-env:mustUnderstand="1">7</cwmp:ID>'

export function enveloped(body: string, { cwmp = '1-2', header = ID_7 } = {}): string {
  return (
    '<soap-env:Envelope xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/" ' +
    'xmlns:soap-enc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" ' +
    `xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cwmp="urn:dslforum-org:cwmp-${cwmp}">` +
    `<soap-env:Header>${header}</soap-env:Header><soap-env:Body>${body}</soap-env:Body></soap-env:Envelope>`
  )
}

export function transferComplete(commandKey: string, faultCode: number | null = 0): string {
  const fault =
    faultCode === null
      ? ''
      : `<FaultStruct><FaultCode>${faultCode}</FaultCode><FaultString>no</FaultString></FaultStruct>`
  return (
    `<CommandKey>${commandKey}</CommandKey>${fault}` +
    '<StartTime>2026-11-20T12:00:00Z</StartTime><CompleteTime>2026-11-20T12:01:00Z</CompleteTime>'
  )
}

export const DOWNLOAD_ACCEPTED =
  '<Status>1</Status><StartTime>0001-01-01T00:00:00Z</StartTime><CompleteTime>0001-01-01T00:00:00Z</CompleteTime>'
