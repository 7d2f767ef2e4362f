import Type from 'typebox'
import {
  KeyApproval,
  KeyId,
  KeyValidity,
  MAX_LISTED_KEYS,
  PublicKeyPem,
  TrustKey,
  TrustKeyDraft,
} from '../trust-key.ts'
import { RequiredKeys, ThresholdScope, TrustThreshold } from '../trust-threshold.ts'
import { because, none, operation, page, pageOf } from './operation.ts'

const keyId = Type.Object({ keyId: KeyId })
const closed = { additionalProperties: false }

/** Who may sign images and releases, and how many of them have to. */
export const trust = {
  listTrustKeys: operation({
    method: 'GET',
    path: '/v1/trust-keys',
    summary: 'Keys of the trust store, newest first, revoked ones included',
    params: none,
    query: Type.Object({ ...page, limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_LISTED_KEYS })) }),
    body: null,
    status: 200,
    response: pageOf(TrustKey),
    errors: [],
  }),
  addTrustKey: operation({
    method: 'POST',
    path: '/v1/trust-keys',
    summary: 'Add a public key that may sign images or releases; where a second person is asked for, it waits for one',
    params: none,
    query: none,
    body: Type.Object(TrustKeyDraft, closed),
    status: 201,
    response: TrustKey,
    errors: ['conflict', 'not_found'],
  }),
  approveTrustKey: operation({
    method: 'POST',
    path: '/v1/trust-keys/{keyId}/approve',
    summary: 'Agree to a key, or to this longer validity of it, as another person than who asked for it',
    params: keyId,
    query: none,
    body: Type.Object(KeyApproval, closed),
    status: 200,
    response: TrustKey,
    errors: ['not_found', 'conflict', 'forbidden'],
  }),
  limitTrustKey: operation({
    method: 'PUT',
    path: '/v1/trust-keys/{keyId}/validity',
    summary: 'Set when a key may sign; a longer time waits for a second person where one is asked for',
    params: keyId,
    query: none,
    body: Type.Object(KeyValidity, closed),
    status: 200,
    response: TrustKey,
    errors: ['not_found', 'conflict'],
  }),
  revokeTrustKey: operation({
    method: 'POST',
    path: '/v1/trust-keys/{keyId}/revoke',
    summary:
      'Revoke a key, with itself also one that the store does not have; what only it vouched for is revoked with it',
    params: keyId,
    query: none,
    body: Type.Object({ ...because.properties, publicKeyPem: Type.Optional(PublicKeyPem) }, closed),
    status: 200,
    response: TrustKey,
    errors: ['not_found', 'conflict'],
  }),
  listTrustThresholds: operation({
    method: 'GET',
    path: '/v1/trust-thresholds',
    summary: 'How many keys have to sign, by vendor and model',
    params: none,
    query: none,
    body: null,
    status: 200,
    response: Type.Object({ items: Type.Array(TrustThreshold), requiredKeysElsewhere: RequiredKeys }),
    errors: [],
  }),
  putTrustThreshold: operation({
    method: 'PUT',
    path: '/v1/trust-thresholds',
    summary:
      'Set how many keys have to sign for a vendor or model; fewer wait for a second person where one is asked for',
    params: none,
    query: none,
    body: Type.Object({ ...ThresholdScope, requiredKeys: RequiredKeys }, closed),
    status: 200,
    response: TrustThreshold,
    errors: ['conflict'],
  }),
  approveTrustThreshold: operation({
    method: 'POST',
    path: '/v1/trust-thresholds/approve',
    summary: 'Agree to this lower threshold, as another person than who asked for it',
    params: none,
    query: none,
    body: Type.Object({ ...ThresholdScope, requiredKeys: RequiredKeys }, closed),
    status: 200,
    response: TrustThreshold,
    errors: ['not_found', 'conflict', 'forbidden'],
  }),
} as const
