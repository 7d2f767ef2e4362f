export { answerChallenge, type ChallengeAnswer, type ChallengeInput } from './answer-challenge.ts'
export {
  parseAuthorization,
  type Authorization,
  type BasicAuthorization,
  type DigestAuthorization,
} from './authorization.ts'
export { verifyBasic } from './basic.ts'
export { basicChallenge, digestChallenge } from './challenge.ts'
export { constantTimeEqual } from './constant-time-equal.ts'
export { ha1, verifyDigest } from './digest.ts'
export { hmacSha256 } from './hmac.ts'
export { checkNonce, issueNonce, readNonce, type NonceReading, type NonceSecret } from './nonce.ts'
