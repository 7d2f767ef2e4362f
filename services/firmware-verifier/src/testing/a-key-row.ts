import { generateKeyPairSync } from 'node:crypto'
import { type TrustKeyRow, UNTOUCHED } from '../store/trust-keys.ts'

const { publicKey } = generateKeyPairSync('ed25519')

/** A key in force, as the store has it. */
export function aKeyRow(rest: Partial<TrustKeyRow> = {}): TrustKeyRow {
  return {
    key_id: '0'.repeat(16),
    name: 'vendor',
    public_key_pem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    purposes: ['image'],
    ouis: [],
    models: [],
    valid_from: null,
    valid_until: null,
    succeeds: null,
    added_at: 1,
    added_by: 'operator:eve',
    approval_needed: false,
    ...UNTOUCHED,
    ...rest,
  }
}
