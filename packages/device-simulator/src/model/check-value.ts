import type { Parameter } from './parameter-tree.ts'

const FORMS: Readonly<Record<Parameter['type'], (value: string) => boolean>> = {
  'xsd:string': () => true,
  'xsd:boolean': (value) => /^(0|1|true|false)$/i.test(value),
  'xsd:unsignedInt': (value) => /^\d{1,10}$/.test(value) && Number(value) <= 4_294_967_295,
  'xsd:int': (value) => /^-?\d{1,10}$/.test(value) && Math.abs(Number(value)) <= 2_147_483_648,
  'xsd:dateTime': (value) => Number.isFinite(Date.parse(value)),
}

/** 9006: another type; 9007: no value this parameter takes. A plain string is taken for any type, as devices do. */
export function faultOfValue(parameter: Parameter, value: string, type: string | undefined): 9006 | 9007 | undefined {
  const named = type?.slice(type.indexOf(':') + 1)
  if (named !== undefined && named !== 'string' && `xsd:${named}` !== parameter.type) return 9006
  const text = parameter.type === 'xsd:string' ? value : value.trim()
  return FORMS[parameter.type](text) && parameter.allows?.(text) !== false ? undefined : 9007
}

export function isTrue(value: string | undefined): boolean {
  return value === '1' || value?.toLowerCase() === 'true'
}
