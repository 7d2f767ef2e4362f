export interface HostileInput {
  readonly name: string
  /** The same attack at `scale` times its size. */
  readonly make: (scale: number) => string
}

/** What breaks readers of XML: entity bombs, depth, breadth, and everything that tempts one to look at a text twice. */
export const hostileInputs: readonly HostileInput[] = [
  { name: 'billion laughs', make: () => `<!DOCTYPE l [<!ENTITY a "ha">${laughs(9)}]>${dressed('&i;')}` },
  { name: '10 kB entity, a thousand times', make: (n) => entity('x'.repeat(10_000), 1_000 * n) },
  { name: '1,500 entities', make: (n) => `<!DOCTYPE l [${'<!ENTITY e "x">'.repeat(1_500 * n)}]>${dressed('&e;')}` },
  { name: 'external entity', make: () => `<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]>${dressed('&a;')}` },
  { name: 'parameter entity', make: () => `<!DOCTYPE l [<!ENTITY % a SYSTEM "http://192.0.2.1/"> %a;]>${dressed('')}` },
  { name: 'document type without entities', make: () => `<!DOCTYPE l>${dressed('')}` },
  { name: 'unknown entities', make: (n) => dressed('&foo;'.repeat(900 * n)) },
  { name: 'depth 101', make: (n) => '<a>'.repeat(101 * n) + '</a>'.repeat(101 * n) },
  { name: 'depth 20,000', make: (n) => '<a>'.repeat(20_000 * n) + '</a>'.repeat(20_000 * n) },
  { name: '300 kB of <a>', make: (n) => '<a>'.repeat(100_000 * n) },
  { name: 'mismatched tags', make: () => '<a><b>1</a>' },
  { name: 'truncated', make: () => '<a><b>1' },
  { name: 'two roots', make: () => '<a/><b/>' },
  { name: 'no XML at all', make: (n) => 'hello '.repeat(50_000 * n) },
  { name: 'a reference to NUL', make: () => dressed('&#0;') },
  { name: '20,000 attributes', make: (n) => `<a${Array.from({ length: 20_000 * n }, (_, at) => ` a${at}="1"`).join('')}/>` },
  { name: '30,000 siblings', make: (n) => dressed('<b>1</b>'.repeat(30_000 * n)) },
  { name: '30,000 different tags', make: (n) => dressed(Array.from({ length: 30_000 * n }, (_, at) => `<b${at}>1</b${at}>`).join('')) },
  { name: 'a value of 2 MB', make: (n) => dressed('x'.repeat(2_000_000 * n)) },
  { name: 'an attribute of 1 MB', make: (n) => dressed(`<b c="${'x'.repeat(1_000_000 * n)}"/>`) },
  { name: 'a name of 1 MB', make: (n) => dressed(`<b${'x'.repeat(1_000_000 * n)}/>`) },
  { name: 'a comment that never ends', make: (n) => dressed('<!-- '.repeat(60_000 * n)) },
  { name: '60,000 comments', make: (n) => dressed('<!-- x -->'.repeat(60_000 * n)) },
  { name: '30,000 CDATA sections', make: (n) => dressed('<![CDATA[x]]>'.repeat(30_000 * n)) },
  { name: '300 kB of <', make: (n) => '<'.repeat(300_000 * n) },
  { name: '300 kB of &', make: (n) => dressed('&'.repeat(300_000 * n)) },
  { name: '900 raw ampersands in 300 kB', make: (n) => dressed(`&${'x'.repeat(333)}`.repeat(900)) + ' '.repeat(300_000 * (n - 1)) },
  { name: '300 kB of &amp;', make: (n) => dressed('&amp;'.repeat(60_000 * n)) },
  { name: '300 kB of control characters', make: (n) => dressed('\u0001'.repeat(300_000 * n)) },
  { name: '300 kB of blanks in a tag', make: (n) => dressed(`<b${' '.repeat(300_000 * n)}/>`) },
  { name: '300 kB of blanks in a text', make: (n) => dressed(`x${' '.repeat(300_000 * n)}y`) },
  { name: '300 kB of quotes', make: (n) => dressed(`<b c=${'"'.repeat(300_000 * n)}/>`) },
  { name: 'instructions', make: (n) => dressed('<?a b?>'.repeat(40_000 * n)) },
  { name: 'an instruction that never ends', make: (n) => dressed('<?a '.repeat(80_000 * n)) },
] // prettier-ignore

/** An Inform of about this many bytes, as a device with many parameters sends it. */
export function informOfSize(bytes: number): string {
  const [before, after] = [informHead(), '</ParameterList></cwmp:Inform></soap:Body></soap:Envelope>']
  const structs: string[] = []
  for (let size = before.length + after.length, index = 0; size < bytes; index += 1) {
    const struct = `<ParameterValueStruct><Name>Device.WiFi.AccessPoint.${index}.AssociatedDevice.1.SignalStrength</Name><Value xsi:type="xsd:int">-${index % 90}</Value></ParameterValueStruct>`
    structs.push(struct)
    size += struct.length
  }
  return before + structs.join('') + after
}

function informHead(): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" ' +
    'xmlns:soap-enc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" ' +
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cwmp="urn:dslforum-org:cwmp-1-2"><soap:Header>' +
    '<cwmp:ID soap:mustUnderstand="1">1</cwmp:ID></soap:Header><soap:Body><cwmp:Inform><DeviceId><Manufacturer>Acme' +
    '</Manufacturer><OUI>00D09E</OUI><ProductClass>HG1</ProductClass><SerialNumber>S1</SerialNumber></DeviceId><Event>' +
    '<EventStruct><EventCode>2 PERIODIC</EventCode><CommandKey></CommandKey></EventStruct></Event><MaxEnvelopes>1' +
    '</MaxEnvelopes><CurrentTime>2026-11-20T12:00:00Z</CurrentTime><RetryCount>0</RetryCount><ParameterList>'
  )
}

function dressed(inner: string): string {
  return `<Envelope><Body><X><a>${inner}</a></X></Body></Envelope>`
}

function laughs(levels: number): string {
  const name = (level: number) => String.fromCharCode(97 + level)
  return Array.from({ length: levels }, (_, at) => `<!ENTITY ${name(at + 1)} "${`&${name(at)};`.repeat(10)}">`).join('')
}

function entity(value: string, times: number): string {
  return `<!DOCTYPE l [<!ENTITY a "${value}">]>${dressed('&a;'.repeat(times))}`
}
