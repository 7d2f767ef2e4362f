import Type, { type Static } from 'typebox'
import { nullable } from './values.ts'

const closed = { additionalProperties: false } as const
const AtLeastOne = Type.Integer({ minimum: 1 })

/** Of each site: the BNG, OLT or whatever else shares a line, as the inventory names it. */
const PerSite = Type.Object({ inFlight: AtLeastOne, unproven: Type.Optional(AtLeastOne) }, closed)

/** How much of a campaign may be under way at once. */
export const Caps = Type.Object(
  {
    inFlight: AtLeastOne,
    unproven: AtLeastOne,
    startsPerMinute: Type.Optional(AtLeastOne),
    perSite: Type.Optional(PerSite),
    /** What the images that are let in may take on the average: each keeps the line busy for size / this, a minute ahead at most. */
    egressBitsPerSecond: Type.Optional(AtLeastOne),
  },
  closed,
)
export type Caps = Static<typeof Caps>

/** What is left out stays as it is; null takes a cap off. */
export const CapsChange = Type.Object(
  {
    inFlight: Type.Optional(AtLeastOne),
    unproven: Type.Optional(AtLeastOne),
    startsPerMinute: Type.Optional(nullable(AtLeastOne)),
    perSite: Type.Optional(nullable(PerSite)),
    egressBitsPerSecond: Type.Optional(nullable(AtLeastOne)),
  },
  { ...closed, minProperties: 1 },
)
export type CapsChange = Static<typeof CapsChange>
