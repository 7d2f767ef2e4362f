import { createHash } from 'node:crypto'

/** What a simulated CPE is, by its number: the same in the driver and in the inventory. */
export interface Cpe {
  readonly oui: string
  readonly productClass: string
  readonly serialNumber: string
  readonly username: string
  readonly password: string
}

export function cpeOf(index: number): Cpe {
  const serialNumber = `B${String(index).padStart(7, '0')}`
  const password = createHash('sha256').update(`bench ${index}`).digest('hex').slice(0, 24)
  return {
    oui: '02BE7C',
    productClass: 'BenchBox',
    serialNumber,
    username: `02BE7C-BenchBox-${serialNumber}`,
    password,
  }
}

/** An Inform of about three kilobytes: what TR-181 forces, and what operators usually add (TR-069 A.3.3.1). */
export function informOf({ oui, productClass, serialNumber }: Cpe): string {
  const list = parameters.map(
    ([name, type, value]) =>
      `<ParameterValueStruct><Name>${name}</Name><Value xsi:type="xsd:${type}">${value}</Value></ParameterValueStruct>`,
  )
  return (
    '<?xml version="1.0" encoding="UTF-8"?><soap-env:Envelope xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/" ' +
    'xmlns:soap-enc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" ' +
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cwmp="urn:dslforum-org:cwmp-1-2">' +
    '<soap-env:Header><cwmp:ID soap-env:mustUnderstand="1">1</cwmp:ID></soap-env:Header><soap-env:Body><cwmp:Inform>' +
    `<DeviceId><Manufacturer>Bench</Manufacturer><OUI>${oui}</OUI><ProductClass>${productClass}</ProductClass>` +
    `<SerialNumber>${serialNumber}</SerialNumber></DeviceId><Event soap-enc:arrayType="cwmp:EventStruct[1]">` +
    '<EventStruct><EventCode>2 PERIODIC</EventCode><CommandKey></CommandKey></EventStruct></Event>' +
    '<MaxEnvelopes>1</MaxEnvelopes><CurrentTime>2026-11-20T12:00:00Z</CurrentTime><RetryCount>0</RetryCount>' +
    `<ParameterList soap-enc:arrayType="cwmp:ParameterValueStruct[${list.length}]">${list.join('')}</ParameterList>` +
    '</cwmp:Inform></soap-env:Body></soap-env:Envelope>'
  )
}

const parameters = [
  ['Device.RootDataModelVersion', 'string', '2.11'],
  ['Device.DeviceInfo.HardwareVersion', 'string', 'H1'],
  ['Device.DeviceInfo.SoftwareVersion', 'string', '1.0.0'],
  ['Device.DeviceInfo.ProvisioningCode', 'string', ''],
  ['Device.ManagementServer.ParameterKey', 'string', ''],
  ['Device.ManagementServer.ConnectionRequestURL', 'string', 'http://192.0.2.1:7547/connection-request'],
  ['Device.ManagementServer.AliasBasedAddressing', 'boolean', '0'],
  ['Device.IP.Interface.1.IPv4Address.1.IPAddress', 'string', '192.0.2.1'],
  ['Device.DeviceInfo.UpTime', 'unsignedInt', '86400'],
  ['Device.DeviceInfo.ProcessStatus.CPUUsage', 'unsignedInt', '7'],
  ['Device.DeviceInfo.MemoryStatus.Free', 'unsignedInt', '81920'],
  ['Device.WiFi.RadioNumberOfEntries', 'unsignedInt', '2'],
  ['Device.Hosts.HostNumberOfEntries', 'unsignedInt', '12'],
  ['Device.Ethernet.InterfaceNumberOfEntries', 'unsignedInt', '5'],
  ['Device.Optical.Interface.1.OpticalSignalLevel', 'int', '-19400'],
] as const
