import Type from 'typebox'
import { AuditPage } from '../audit.ts'
import { none, operation, page } from './operation.ts'

/** The audit trail as it was sealed. */
export const audit = {
  listAudit: operation({
    method: 'GET',
    path: '/v1/audit',
    summary: 'The audit trail with its hash chain, batch by batch, to be recomputed',
    params: none,
    query: Type.Object(page),
    body: null,
    status: 200,
    response: AuditPage,
    errors: [],
  }),
} as const
