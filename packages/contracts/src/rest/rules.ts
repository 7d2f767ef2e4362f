import Type from 'typebox'
import { RedirectRule, StoredProfile } from '../gateway-rules.ts'
import { ModelProfile } from '@sluice/model-profiles'
import { none, operation } from './operation.ts'

const named = Type.Object({ name: Type.String({ minLength: 1, maxLength: 64 }) })

/** How gateways speak to models, and whom they send elsewhere. */
export const rules = {
  listProfiles: operation({
    method: 'GET',
    path: '/v1/profiles',
    summary: 'Model profiles: how to speak to which CPE',
    params: none,
    query: none,
    body: null,
    status: 200,
    response: Type.Object({ items: Type.Array(StoredProfile) }),
    errors: [],
  }),
  putProfile: operation({
    method: 'PUT',
    path: '/v1/profiles/{name}',
    summary: 'Add a model profile or replace it; gateways take it up at once',
    params: named,
    query: none,
    body: ModelProfile,
    status: 200,
    response: StoredProfile,
    errors: ['conflict'],
  }),
  removeProfile: operation({
    method: 'DELETE',
    path: '/v1/profiles/{name}',
    summary: 'Remove a model profile of your own',
    params: named,
    query: none,
    body: null,
    status: 200,
    response: none,
    errors: ['not_found', 'conflict'],
  }),
  listRedirects: operation({
    method: 'GET',
    path: '/v1/redirects',
    summary: 'Whose sessions are sent to another ACS',
    params: none,
    query: none,
    body: null,
    status: 200,
    response: Type.Object({ items: Type.Array(RedirectRule) }),
    errors: [],
  }),
  putRedirect: operation({
    method: 'PUT',
    path: '/v1/redirects/{name}',
    summary: 'Add a redirect rule or replace it',
    params: named,
    query: none,
    body: RedirectRule,
    status: 200,
    response: RedirectRule,
    errors: ['conflict'],
  }),
  removeRedirect: operation({
    method: 'DELETE',
    path: '/v1/redirects/{name}',
    summary: 'Remove a redirect rule',
    params: named,
    query: none,
    body: null,
    status: 200,
    response: none,
    errors: ['not_found'],
  }),
} as const
