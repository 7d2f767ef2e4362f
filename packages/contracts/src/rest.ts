import Type, { type Static, type TSchema } from 'typebox'
import { artifacts } from './rest/artifacts.ts'
import { audit } from './rest/audit.ts'
import { campaigns } from './rest/campaigns.ts'
import { devices } from './rest/devices.ts'
import type { Operation } from './rest/operation.ts'
import { releases } from './rest/releases.ts'
import { rules } from './rest/rules.ts'
import { tasks } from './rest/tasks.ts'
import { trust } from './rest/trust.ts'

export type { Operation } from './rest/operation.ts'

/** Every operation of the REST interface, by name. */
export const OPERATIONS = {
  ...artifacts,
  ...audit,
  ...campaigns,
  ...devices,
  ...releases,
  ...tasks,
  ...trust,
  ...rules,
} as const satisfies Record<string, Operation>

export type OperationName = keyof typeof OPERATIONS
type Of<N extends OperationName> = (typeof OPERATIONS)[N]
export type ParamsOf<N extends OperationName> = Static<Of<N>['params']>
export type QueryOf<N extends OperationName> = Static<Of<N>['query']>
export type BodyOf<N extends OperationName> = Of<N>['body'] extends TSchema ? Static<Of<N>['body']> : undefined
export type ResponseOf<N extends OperationName> = Of<N>['response'] extends TSchema ? Static<Of<N>['response']> : never

/** The body of every answer that is not a success (RFC 9457). */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String(),
  detail: Type.String(),
  traceId: Type.Optional(Type.String()),
})
export type Problem = Static<typeof Problem>
