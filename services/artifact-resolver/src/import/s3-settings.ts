import { RuntimeError } from '@sluice/runtime'
import Type from 'typebox'
import type { S3Store } from './fetch-s3.ts'

/** The S3-compatible store that images are imported from. */
export const s3Settings = {
  SLUICE_S3_ENDPOINT: {
    type: Type.String({ pattern: '^https?://[^/?#@\\s]+$', maxLength: 256 }),
    optional: true,
    description:
      'S3-compatible store for imports from s3://bucket/key, without a slash at the end: https://s3.eu-central-1.amazonaws.com. None without.',
  },
  SLUICE_S3_REGION: {
    type: Type.String({ pattern: '^[a-z0-9-]{1,64}$' }),
    default: 'us-east-1',
    description: 'Region of the S3 store, as its signatures have it.',
  },
  SLUICE_S3_ACCESS_KEY_ID: {
    type: Type.String({ minLength: 3, maxLength: 128 }),
    optional: true,
    secret: true,
    description: 'Who we are at the S3 store; it needs s3:GetObject, and s3:GetObjectVersion for versions.',
  },
  SLUICE_S3_SECRET_ACCESS_KEY: {
    type: Type.String({ minLength: 8, maxLength: 256 }),
    optional: true,
    secret: true,
    description: 'What requests to the S3 store are signed with.',
  },
} as const

/** Null: none is set up. Throws RuntimeError `invalid_settings` where half of it is. */
export function s3StoreOf(given: {
  readonly SLUICE_S3_ENDPOINT: string | undefined
  readonly SLUICE_S3_REGION: string
  readonly SLUICE_S3_ACCESS_KEY_ID: string | undefined
  readonly SLUICE_S3_SECRET_ACCESS_KEY: string | undefined
}): S3Store | null {
  const { SLUICE_S3_ENDPOINT: endpoint, SLUICE_S3_REGION: region } = given
  const { SLUICE_S3_ACCESS_KEY_ID: accessKeyId, SLUICE_S3_SECRET_ACCESS_KEY: secretAccessKey } = given
  if (endpoint === undefined) return null
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new RuntimeError(
      'invalid_settings',
      'SLUICE_S3_ENDPOINT needs SLUICE_S3_ACCESS_KEY_ID and SLUICE_S3_SECRET_ACCESS_KEY',
    )
  }
  return { endpoint, region, accessKeyId, secretAccessKey }
}
