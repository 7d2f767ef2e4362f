import Type from 'typebox'
import { Artifact, ArtifactDraft } from '../artifact.ts'
import { ArtifactId } from '../values.ts'
import { because, none, operation, page, pageOf } from './operation.ts'

const artifactId = Type.Object({ artifactId: ArtifactId })

/** Images, and what was found out about them. */
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
} as const
