import Type from 'typebox'
import { AuditPage, AuditTrail } from '../audit.ts'
import { none, operation, page } from './operation.ts'

/** The audit trails as they were sealed. */
export const audit = {
  listAudit: operation({
    method: 'GET',
    path: '/v1/audit',
    summary: 'An audit trail with its hash chain, batch by batch, to be recomputed; of campaigns unless told',
    params: none,
    query: Type.Object({ of: Type.Optional(AuditTrail), ...page }),
    body: null,
    status: 200,
    response: AuditPage,
    errors: [],
  }),
} as const
