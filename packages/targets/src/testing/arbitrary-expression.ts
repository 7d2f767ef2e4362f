import fc from 'fast-check'
import { type Expression, TEXT_FIELDS, type Term, type Unit, WHOLE } from '../expression.ts'
import type { TargetedDevice } from '../matches.ts'

const textField = fc.constantFrom(...TEXT_FIELDS)
const anyField = fc.constantFrom(...TEXT_FIELDS, 'tag' as const)
// Upper case, since that is how an OUI is read; of few letters, so that devices are met.
const text = fc.oneof(fc.constantFrom('A', 'B', 'AB', '1.2', '1.10'), fc.string({ maxLength: 6, unit: 'binary' }))
const upper = text.map((one) => one.toUpperCase())

const term: fc.Arbitrary<Term> = fc.oneof(
  fc.record({
    kind: fc.constant('one_of' as const),
    field: anyField,
    isNegated: fc.boolean(),
    values: fc.array(upper, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('starts_with' as const), field: anyField, prefix: upper }),
  fc.record({ kind: fc.constant('known' as const), field: textField, isNegated: fc.boolean() }),
  fc.record({
    kind: fc.constant('version' as const),
    order: fc.constantFrom('<' as const, '<=' as const, '>' as const, '>=' as const),
    version: upper,
  }),
  fc.record({
    kind: fc.constant('informed_within' as const),
    amount: fc.integer({ min: 1, max: 99 }),
    unit: fc.constantFrom<Unit>('s', 'm', 'h', 'd', 'w'),
  }),
  fc.record({
    kind: fc.constant('informed' as const),
    side: fc.constantFrom('before' as const, 'after' as const),
    time: fc.constantFrom('2026-01-31', '2026-06-30T12:00:00Z', '2026-06-30T12:00:00.5+02:00'),
  }),
  fc.constant({ kind: 'never_informed' as const }),
  fc.record({
    kind: fc.constant('percent' as const),
    order: fc.constantFrom('<' as const, '>=' as const),
    share: fc.integer({ min: 0, max: WHOLE }),
  }),
)

export const arbitraryTerm = term

export const arbitraryExpression: fc.Arbitrary<Expression> = fc.letrec<{ one: Expression }>((tie) => ({
  one: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    term,
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      of: fc.array(tie('one'), { minLength: 2, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('not' as const), of: tie('one') }),
  ),
})).one

const maybe = fc.option(fc.constantFrom('A', 'B', 'AB', '1.2', '1.10'))

export const arbitraryDevice: fc.Arbitrary<TargetedDevice> = fc.record({
  deviceKey: fc.stringMatching(/^dev_[a-z2-7]{26}$/),
  name: upper,
  oui: fc.constantFrom('A', 'B', 'AB'),
  productClass: upper,
  serialNumber: upper,
  manufacturer: fc.constantFrom('', 'A', 'B'),
  hardwareVersion: maybe,
  softwareVersion: maybe,
  site: maybe,
  region: maybe,
  accessNode: maybe,
  zone: maybe,
  tags: fc.array(fc.constantFrom('A', 'B', 'AB'), { maxLength: 3 }),
  lastInformAt: fc.option(fc.constantFrom('2026-01-30T23:59:59.999Z', '2026-06-30T12:00:00.000Z')),
})
