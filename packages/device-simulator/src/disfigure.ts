import type { Faults } from './faults.ts'

/** Spoils a whole envelope as ordered: what real clients send that the specification does not allow. */
export function disfigure(faults: Faults, envelope: string): string {
  return SPOILERS.reduce((text, spoil) => spoil(text, faults), envelope)
}

type Spoiler = (text: string, faults: Faults) => string

const SPOILERS: readonly Spoiler[] = [
  (text, { omitsFromInform: omitted }) =>
    (text.includes('<cwmp:Inform>') ? (omitted ?? []) : []).reduce((rest, name) => without(rest, name), text),
  (text, { omitsStatus }) =>
    omitsStatus?.some((name) => text.includes(`<cwmp:${name}Response>`)) ? without(text, 'Status') : text,
  (text, { omitsFaultStruct }) => (omitsFaultStruct ? without(text, 'FaultStruct') : text),
  (text, { repeatsParameter }) =>
    repeatsParameter ? text.replace(/<ParameterValueStruct>.*?<\/ParameterValueStruct>/s, (one) => one + one) : text,
  (text, { commitsLater }) =>
    commitsLater && /<cwmp:(?:SetParameterValues|AddObject|DeleteObject)Response>/.test(text)
      ? text.replace('<Status>0<', '<Status>1<')
      : text,
  (text, { reversesEvents }) =>
    reversesEvents
      ? text.replace(/(?:<EventStruct>.*?<\/EventStruct>)+/s, (all) =>
          (all.match(/<EventStruct>.*?<\/EventStruct>/gs) ?? []).toReversed().join(''),
        )
      : text,
  (text, { booleanWords }) =>
    booleanWords
      ? text.replace(
          /(xsi:type="xsd:boolean">)([01])</g,
          (_, head: string, digit: string) => `${head}${digit === '1' ? 'true' : 'false'}<`,
        )
      : text,
  spoilFault,
  spoilValues,
  spoilDates,
  (text, { oddEventCodes }) => (oddEventCodes ? text.replace(/(?<=<EventCode>)[^<]*/g, (code) => oddCode(code)) : text),
  (text, { wrongArrayType }) => (wrongArrayType ? text.replace(/(arrayType="[^"[]*)\[\d+\]/g, '$1[16]') : text),
  (text, { shufflesTransferComplete }) =>
    shufflesTransferComplete
      ? text.replace(/(<FaultStruct>.*<\/FaultStruct>)(<StartTime>.*<\/CompleteTime>)/s, '$2$1')
      : text,
  (text, { padsText }) =>
    padsText ? text.replace(/<(EventCode|CommandKey|SerialNumber|OUI)>([^<]+)</g, '<$1>\n  $2\n  <') : text,
  spoilId,
  (text, { commentsAndCdata }) =>
    commentsAndCdata
      ? text
          .replace(/(<[\w-]+:Body>)/, "$1<!-- the vendor's own -->")
          .replace(/<Manufacturer>([^<]*)</, '<Manufacturer><![CDATA[$1]]><')
      : text,
  spoilPrefixes,
  (text, { latin1 }) =>
    latin1 ? text.replace(/ encoding="UTF-8"/, latin1 === 'declared' ? ' encoding="ISO-8859-1"' : '') : text,
  (text, { byteOrderMark }) => (byteOrderMark ? `\uFEFF${text}` : text),
]

function without(text: string, name: string): string {
  return text.replace(new RegExp(`<${name}(?: [^>]*)?>.*?</${name}>`, 's'), '')
}

/** `1 Boot`, `M TRANSFERCOMPLETE`, `4 VALUECHANGE`. */
function oddCode(code: string): string {
  if (code === 'M Download') return 'M DOWNLOAD'
  const [number = '', ...words] = code.split(' ')
  if (words.length > 1) return `${number} ${words.join('')}`
  return `${number} ${words.map((word) => word.charAt(0) + word.slice(1).toLowerCase()).join(' ')}`
}

function spoilFault(text: string, { faultForm }: Faults): string {
  if (faultForm === 'no_detail') return without(text, 'detail')
  if (faultForm === 'empty_string') return text.replace(/<FaultString>[^<]*</g, '<FaultString><')
  if (faultForm !== 'detail_in_faultstring') return text
  return text.replace(/<faultstring>([^<]*)<\/faultstring>(<detail>.*<\/detail>)/s, '<faultstring>$1$2</faultstring>')
}

function spoilValues(text: string, faults: Faults): string {
  let spoilt = text
  if (faults.untypedValues === 'no_type') spoilt = spoilt.replace(/<Value xsi:type="[^"]*">/g, '<Value>')
  if (faults.untypedValues === 'empty_type')
    spoilt = spoilt.replace(/<Value xsi:type="[^"]*">/g, '<Value xsi:type="xsd:">')
  if (faults.untypedValues === 'no_value') spoilt = inProvisioningCode(spoilt, () => '')
  if (faults.controlCharacters) spoilt = inProvisioningCode(spoilt, (value) => value.replace('</', '\u0002</'))
  if (faults.bareAmpersands) spoilt = inProvisioningCode(spoilt, (value) => value.replace('</', ' & more</'))
  if (faults.latin1) spoilt = inProvisioningCode(spoilt, (value) => value.replace('</', ' M\u00fcller</'))
  return spoilt
}

function inProvisioningCode(text: string, change: (value: string) => string): string {
  return text.replace(
    /(\.ProvisioningCode<\/Name>)(<Value[^>]*>[^<]*<\/Value>)/g,
    (_, name: string, value: string) => `${name}${change(value)}`,
  )
}

function spoilDates(text: string, { dates }: Faults): string {
  if (dates === undefined) return text
  return text.replace(
    /(?<=<(CurrentTime|StartTime|CompleteTime)>)([^<]*)Z(?=<)/g,
    (whole, name: string, date: string) => {
      if (dates === 'no_zone') return date.slice(0, 19)
      if (dates === 'offset') return `${date.slice(0, 19)}+0000`
      if (dates === 'double_colon') return `${date.slice(0, 16)}::14`
      if (dates === 'year_1970') return '1970-01-01T00:02:11Z'
      return name === 'CurrentTime' ? whole : ''
    },
  )
}

function spoilId(text: string, { messageIds }: Faults): string {
  if (messageIds === 'no_header') return text.replace(/<[\w-]+:Header>.*<\/[\w-]+:Header>/s, '')
  if (messageIds === 'missing') return text.replace(/<cwmp:ID[^>]*>[^<]*<\/cwmp:ID>/, '')
  const isAnswer = /<(?:cwmp:\w+Response|soap-env:Fault)>/.test(text)
  if (messageIds === 'wrong' && isAnswer) return text.replace(/(<cwmp:ID[^>]*>)[^<]*/, '$1another')
  return text
}

function spoilPrefixes(text: string, { prefixes }: Faults): string {
  if (prefixes === undefined) return text
  if (prefixes === 'cwmp1') return text.replace(/([<</ :"]|xmlns:)cwmp([:=])/g, '$1cwmp1$2')
  if (prefixes === 'default_namespace') {
    const [, namespace = ''] = /xmlns:cwmp="([^"]*)"/.exec(text) ?? []
    return text
      .replace(/(<[\w-]+:Body>)<cwmp:(\w+)/, `$1<$2 xmlns="${namespace}"`)
      .replace(/<\/cwmp:(\w+)>(<\/[\w-]+:Body>)/, '</$1>$2')
  }
  return text.replaceAll('soap-env', prefixes)
}
