import type { PresentedSignature, SignatureFailure } from '../judge.ts'

export type Outcome = PresentedSignature['outcome']

export function failed(code: SignatureFailure): Outcome {
  return { kind: 'failed', code }
}
