import { method, soapFault } from './write-soap.ts'

/** What a CPE does about a call. `dropped`: it cuts the connection instead of answering; `empty`: it posts nothing. */
export type Answered =
  | { readonly kind: 'answer'; readonly content: string; readonly fault?: number }
  | { readonly kind: 'dropped' }
  | { readonly kind: 'empty' }

export function ok(name: string, content = ''): Answered {
  return { kind: 'answer', content: method(`${name}Response`, content) }
}

/** `extra` are SetParameterValuesFault elements. */
export function refuse(fault: number, text: string, extra = ''): Answered {
  return { kind: 'answer', content: soapFault(fault, text, extra), fault }
}
