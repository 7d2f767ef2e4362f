import Type from 'typebox'
import { Artifact, ArtifactDraft } from '../artifact.ts'
import { TrustKey } from '../trust-key.ts'
import { ArtifactId } from '../values.ts'
import { because, none, operation, page, pageOf } from './operation.ts'

const artifactId = Type.Object({ artifactId: ArtifactId })
const keyId = Type.Object({ keyId: Type.String({ pattern: '^[0-9a-f]{16}$' }) })

/** Images, and who may sign them. */
export const artifacts = {
  listArtifacts: operation({
    method: 'GET',
    path: '/v1/artifacts',
    summary: 'Artifacts, newest first',
    params: none,
    query: Type.Object(page),
    body: null,
    status: 200,
    response: pageOf(Artifact),
    errors: [],
  }),
  createArtifact: operation({
    method: 'POST',
    path: '/v1/artifacts',
    summary: 'Describe an image; with a sourceUrl it is fetched, else its content is awaited',
    params: none,
    query: none,
    body: ArtifactDraft,
    status: 201,
    response: Artifact,
    errors: ['source_refused', 'not_supported', 'conflict'],
  }),
  getArtifact: operation({
    method: 'GET',
    path: '/v1/artifacts/{artifactId}',
    summary: 'One artifact, with what was checked and why it was rejected',
    params: artifactId,
    query: none,
    body: null,
    status: 200,
    response: Artifact,
    errors: ['not_found'],
  }),
  uploadArtifact: operation({
    method: 'PUT',
    path: '/v1/artifacts/{artifactId}/content',
    summary: 'The bytes of an image; its verdict follows',
    params: artifactId,
    query: none,
    body: 'bytes',
    status: 202,
    response: Artifact,
    errors: ['not_found', 'conflict', 'too_large'],
  }),
  revokeArtifact: operation({
    method: 'POST',
    path: '/v1/artifacts/{artifactId}/revoke',
    summary: 'Withdraw an artifact for good; its campaigns stop',
    params: artifactId,
    query: none,
    body: because,
    status: 200,
    response: Artifact,
    errors: ['not_found'],
  }),
  listTrustKeys: operation({
    method: 'GET',
    path: '/v1/trust-keys',
    summary: 'All keys of the trust store',
    params: none,
    query: none,
    body: null,
    status: 200,
    response: Type.Object({ items: Type.Array(TrustKey) }),
    errors: [],
  }),
  addTrustKey: operation({
    method: 'POST',
    path: '/v1/trust-keys',
    summary: 'Add a public key that may sign images',
    params: none,
    query: none,
    body: Type.Object(
      {
        name: Type.String({ minLength: 1, maxLength: 128 }),
        publicKeyPem: Type.String({ minLength: 1, maxLength: 8_192 }),
        ouis: Type.Optional(Type.Array(Type.String({ pattern: '^[0-9A-F]{6}$' }), { maxItems: 64 })),
      },
      { additionalProperties: false },
    ),
    status: 201,
    response: TrustKey,
    errors: ['conflict'],
  }),
  revokeTrustKey: operation({
    method: 'POST',
    path: '/v1/trust-keys/{keyId}/revoke',
    summary: 'Revoke a key; what only it vouched for is revoked with it',
    params: keyId,
    query: none,
    body: because,
    status: 200,
    response: TrustKey,
    errors: ['not_found'],
  }),
} as const
