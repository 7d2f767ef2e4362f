export { algorithmsOf, type KeyFamily, type SignatureAlgorithm } from './signatures/algorithms.ts'
export { readPublicKey, type PublicKey, type PublicKeyRefusal, type ReadPublicKey } from './signatures/public-key.ts'
export { startSignatureChecks, type DetachedSignature, type SignatureChecks } from './signatures/check-signatures.ts'
export {
  judge,
  type Case,
  type Check,
  type PresentedSignature,
  type Reason,
  type ReasonCode,
  type SignatureFailure,
  type Verdict,
  type Voucher,
} from './judge.ts'
export { independent } from './independent-vouchers.ts'
export { coversModel, type Model, type TrustKey } from './judge-keys.ts'
export {
  examineImage,
  type EmbeddedFinding,
  type Examination,
  type ExaminedImage,
  type Findings,
} from './examine-image.ts'
export {
  MIN_GRANT_KEY_BYTES,
  campaignMarkOf,
  mintGrant,
  readGrant,
  type DownloadGrant,
  type MintedGrant,
  type ReadGrant,
} from './download-grant.ts'
export { mintUpload, readUpload, type MintedUpload, type ReadUpload, type UploadRight } from './upload-grant.ts'
export type {
  EmbeddedSignature,
  FormatRefusal,
  ImageFormat,
  ImageParser,
  ImageSource,
  Parsed,
  ParsedImage,
  Span,
  SpanCheck,
  SpanRun,
  UnsignedSpan,
} from './formats/format.ts'
export { NO_FACTS, type ImageFacts, type ImageMember, type SettingsEffect } from './formats/image-facts.ts'
export { onePass, type Listener } from './formats/one-pass.ts'
export { parseImage } from './formats/parse-image.ts'
export { envelopeSigning, payloadOf, signedBytesOf, signersOf, type Envelope, type EnvelopeSignature } from './dsse.ts'
export {
  type JudgedRelease,
  type ReleaseKey,
  type ReleaseReason,
  type ReleaseReasonCode,
  isExpired,
  judgeRelease,
} from './release/judge-release.ts'
export {
  MAX_ENVELOPE_CHARACTERS,
  MAX_RELEASE_SIGNATURES,
  type ReadRelease,
  type ReleaseEnvelope,
  bytesToSign,
  readRelease,
  sealRelease,
  withSignature,
  writeEnvelope,
} from './release/release-envelope.ts'
export { signRelease } from './release/sign-release.ts'
export { type ReadStatement, type ReleaseStatement, RELEASE_TYPE, asStatement } from './release/statement.ts'
