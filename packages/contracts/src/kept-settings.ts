import Type, { type Static } from 'typebox'
import { request } from './define.ts'
import { AttemptId, DeviceKey } from './values.ts'

/** Values of settings by path, each sealed by a gateway with the key that gateways alone have; base64. */
export const KeptSettings = Type.Record(Type.String({ maxLength: 256 }), Type.String({ maxLength: 8_192 }), {
  maxProperties: 32,
})
export type KeptSettings = Static<typeof KeptSettings>

export const settingsKept = request('settings.kept', {
  server: 'campaign-scheduler',
  deadlineMs: 5_000,
  description: 'What was kept of a device’s settings at the offer of this attempt, sealed.',
  input: Type.Object({ attemptId: AttemptId, deviceKey: DeviceKey }),
  output: Type.Union([
    Type.Object({ kind: Type.Literal('kept'), settings: KeptSettings }),
    /** Nothing was kept, or it is forgotten already. */
    Type.Object({ kind: Type.Literal('gone') }),
  ]),
})
