import Type, { type Static } from 'typebox'

const Path = Type.String({ minLength: 1, maxLength: 256 })
const Milliseconds = Type.Integer({ minimum: 0 })

/** Which devices a profile speaks of. What is not named fits any; the profile that names most wins. */
export const ModelMatch = Type.Object(
  {
    oui: Type.Optional(Type.String({ pattern: '^[0-9A-F]{6}$' })),
    productClass: Type.Optional(Type.String({ maxLength: 64 })),
    hardwareVersion: Type.Optional(Type.String({ maxLength: 64 })),
    softwareVersion: Type.Optional(Type.String({ maxLength: 64 })),
    /** Root of the data model the CPE's Inform shows (TR-181 or TR-098). */
    root: Type.Optional(Type.Union([Type.Literal('Device.'), Type.Literal('InternetGatewayDevice.')])),
  },
  { additionalProperties: false },
)
export type ModelMatch = Static<typeof ModelMatch>

/** How to speak to a CPE model, and where what we compare is read. Times in ms. */
export const ModelProfile = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 64 }),
    match: ModelMatch,
    /** Which arguments Download carries; there are models that refuse either set. */
    downloadArguments: Type.Union([Type.Literal('all'), Type.Literal('minimal')]),
    versionParameter: Path,
    /** Subscriber settings compared before and after. A path the model lacks answers fault 9005. */
    settings: Type.Array(Path, { maxItems: 64 }),
    /** Paths whose values show that the operator has provisioned the CPE. */
    sentinels: Type.Array(Path, { maxItems: 16 }),
    wanStatus: Type.Object({
      path: Path,
      upValues: Type.Array(Type.String({ maxLength: 64 }), { minItems: 1, maxItems: 8 }),
    }),
    /** The CPE sends no cookies: its session may be bound to the connection. */
    cookieless: Type.Boolean(),
    /** Replies start with an XML declaration. */
    xmlDeclaration: Type.Boolean(),
    /** Characters of the longest Download URL it takes. */
    urlMaxLength: Type.Integer({ minimum: 64, maximum: 256 }),
    /** No RPC but answers for this long after a boot. */
    postBootHoldOffMs: Milliseconds,
    /** Longest time from the last byte of an image to the Inform after it. */
    rebootMs: Milliseconds,
    /** Longest time the CPE may take to answer one RPC. */
    answerMs: Milliseconds,
  },
  { additionalProperties: false },
)
export type ModelProfile = Static<typeof ModelProfile>
