import Type from 'typebox'
import { Release, ReleaseEnvelope, ReleaseId, ReleaseLine } from '../release.ts'
import { Sha256 } from '../values.ts'
import { because, none, operation, page, pageOf } from './operation.ts'

const releaseId = Type.Object({ releaseId: ReleaseId })

/** Which images may run on which models, as their vendors signed it. */
export const releases = {
  listReleases: operation({
    method: 'GET',
    path: '/v1/releases',
    summary: 'Releases, newest first; of one product line or one image where that is asked',
    params: none,
    query: Type.Object({
      ...page,
      product: Type.Optional(Type.String({ maxLength: 64 })),
      sha256: Type.Optional(Sha256),
    }),
    body: null,
    status: 200,
    response: pageOf(ReleaseLine),
    errors: [],
  }),
  addRelease: operation({
    method: 'POST',
    path: '/v1/releases',
    summary: 'Have a signed release checked and kept; the same again is no change',
    params: none,
    query: none,
    body: Type.Object({ envelope: ReleaseEnvelope }, { additionalProperties: false }),
    status: 201,
    response: Release,
    errors: ['release_refused', 'release_expired', 'release_revoked', 'conflict'],
  }),
  getRelease: operation({
    method: 'GET',
    path: '/v1/releases/{releaseId}',
    summary: 'One release, with the envelope as it was signed',
    params: releaseId,
    query: none,
    body: null,
    status: 200,
    response: Release,
    errors: ['not_found'],
  }),
  revokeRelease: operation({
    method: 'POST',
    path: '/v1/releases/{releaseId}/revoke',
    summary: 'Withdraw a release for good; campaigns that rest on it stop',
    params: releaseId,
    query: none,
    body: because,
    status: 200,
    response: Release,
    errors: ['not_found'],
  }),
} as const
