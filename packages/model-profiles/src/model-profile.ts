import Type, { type Static } from 'typebox'

const Path = Type.String({ minLength: 1, maxLength: 256 })
const closed = { additionalProperties: false } as const
const Milliseconds = Type.Integer({ minimum: 0 })

/** Which devices a profile speaks of. What is not named fits any; the profile that names most wins. */
export const ModelMatch = Type.Object(
  {
    oui: Type.Optional(Type.String({ pattern: '^[0-9A-F]{6}$' })),
    productClass: Type.Optional(Type.String({ maxLength: 64 })),
    hardwareVersion: Type.Optional(Type.String({ maxLength: 64 })),
    softwareVersion: Type.Optional(Type.String({ maxLength: 64 })),
    /** From this version on, and below that one: numbers in it compare as numbers. */
    softwareVersionFrom: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    softwareVersionBelow: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    /** Root of the data model the CPE's Inform shows (TR-181 or TR-098). */
    root: Type.Optional(Type.Union([Type.Literal('Device.'), Type.Literal('InternetGatewayDevice.')])),
  },
  { additionalProperties: false },
)
export type ModelMatch = Static<typeof ModelMatch>

/** What a parameter has to be once the soak is over. An empty value says nothing: hidden ones read as empty. */
export const ModelCheck = Type.Object(
  {
    /** What reports call it, for instance `voip-line`. */
    name: Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,31}$' }),
    path: Path,
    must: Type.Union([
      Type.Object({ equal: Type.String({ minLength: 1, maxLength: 256 }) }, closed),
      Type.Object(
        { beOneOf: Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { minItems: 1, maxItems: 16 }) },
        closed,
      ),
      Type.Object({ differFrom: Type.String({ minLength: 1, maxLength: 256 }) }, closed),
      Type.Object({ beAtLeast: Type.Number() }, closed),
    ]),
  },
  closed,
)
export type ModelCheck = Static<typeof ModelCheck>

/** How to speak to a CPE model, and where what we compare is read. Times in ms. */
export const ModelProfile = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 64 }),
    match: ModelMatch,
    /** Which arguments Download carries; there are models that refuse either set. `learnt`: what its devices took last. */
    downloadArguments: Type.Union([Type.Literal('all'), Type.Literal('minimal'), Type.Literal('learnt')]),
    /** Whether it takes ScheduleDownload (TR-069 A.4.1.8), which is optional. Absent: it is asked (GetRPCMethods) where that matters. */
    scheduleDownload: Type.Optional(Type.Union([Type.Literal('yes'), Type.Literal('no')])),
    versionParameter: Path,
    /** Subscriber settings compared before and after. A path the model lacks answers fault 9005. */
    settings: Type.Array(Path, { maxItems: 64 }),
    /** Paths whose values show that the operator has provisioned the CPE. */
    sentinels: Type.Array(Path, { maxItems: 16 }),
    wanStatus: Type.Object(
      {
        path: Path,
        upValues: Type.Array(Type.String({ maxLength: 64 }), { minItems: 1, maxItems: 8 }),
      },
      { additionalProperties: false },
    ),
    /** Of `settings`, those that may be written back where an upgrade lost them and its campaign asks for it. */
    restorable: Type.Optional(Type.Array(Path, { maxItems: 32 })),
    /** What is gone through after the soak; what fails, fails the upgrade. */
    checks: Type.Optional(Type.Array(ModelCheck, { maxItems: 16 })),
    /** The CPE sends no cookies: its session may be bound to the connection. */
    cookieless: Type.Boolean(),
    /** Replies start with an XML declaration. */
    xmlDeclaration: Type.Boolean(),
    /** Of the SOAP envelope in what we send; some CPE compare the text. */
    soapPrefix: Type.Enum(['soap-env', 'SOAP-ENV', 'soapenv', 'soap']),
    /** What its bodies are in where it does not say: some send Latin-1 unannounced. */
    charset: Type.Enum(['utf-8', 'iso-8859-1']),
    /** What its XML may break, once it has authenticated: it is then put right, with a warning. */
    repairs: Type.Object(
      { controlCharacters: Type.Boolean(), ampersands: Type.Boolean() },
      { additionalProperties: false },
    ),
    /** How it ends a session: by one empty POST, or only after several (seen in the field). */
    endsAfterEmptyPosts: Type.Integer({ minimum: 1, maximum: 3 }),
    /** Whether a response must bear our cwmp:ID. */
    checksResponseIds: Type.Boolean(),
    /** Names in one GetParameterValues; a batch refused with 9005 or 9004 is asked in halves. */
    namesPerRead: Type.Integer({ minimum: 1, maximum: 512 }),
    /** It refuses the root of its data model as a path, or reboots over it. */
    refusesRootPath: Type.Boolean(),
    /** Whether TransferComplete comes. `never`: the version alone tells. */
    transferComplete: Type.Enum(['expected', 'never']),
    /** Characters of the longest Download URL it takes. */
    urlMaxLength: Type.Integer({ minimum: 64, maximum: 256 }),
    /** No RPC but answers for this long after a boot. */
    postBootHoldOffMs: Milliseconds,
    /** Longest time from the last byte of an image to the Inform after it, where that is longer than a campaign allows. */
    rebootMs: Milliseconds,
    /** Longest time the CPE may take to answer one RPC. */
    answerMs: Milliseconds,
  },
  { additionalProperties: false },
)
export type ModelProfile = Static<typeof ModelProfile>
