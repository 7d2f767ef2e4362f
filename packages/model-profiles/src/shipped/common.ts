import type { ModelProfile } from '../model-profile.ts'

/** What is said to a CPE nobody knows more of: as TR-069 has it, with what nearly all clients take. */
export const common = {
  // There are clients that refuse either set (cpe-clients 3.1): what a device refused, it is not sent again.
  downloadArguments: 'learnt',
  cookieless: false,
  // Two clients of seven cannot read a reply that begins with one, and two vendors none without (3.3, quirk 38).
  xmlDeclaration: false,
  soapPrefix: 'soap-env',
  charset: 'utf-8',
  repairs: { controlCharacters: false, ampersands: false },
  endsAfterEmptyPosts: 1,
  checksResponseIds: false,
  // Quirk 27.
  namesPerRead: 32,
  refusesRootPath: false,
  transferComplete: 'expected',
  // TR-069 A.3.2.8.
  urlMaxLength: 256,
  postBootHoldOffMs: 0,
  rebootMs: 0,
  answerMs: 30_000,
} as const satisfies Partial<ModelProfile>
