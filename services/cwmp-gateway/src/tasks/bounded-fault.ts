/** What no event could carry is 9001, request denied, as any fault we do not know (TR-069 3.7.2.4). */
export function boundedFault({ faultCode, faultString }: { faultCode: number; faultString: string }) {
  const isCode = Number.isInteger(faultCode) && faultCode >= 0 && faultCode <= 99_999
  return { faultCode: isCode ? faultCode : 9001, faultString: faultString.slice(0, 256) }
}
