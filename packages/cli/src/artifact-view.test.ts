import type { Artifact } from '@sluice/contracts'
import { expect, test } from 'vitest'
import { artifactLines } from './artifact-view.ts'

const SHA = 'a'.repeat(64)
const TRUSTED: Artifact = {
  artifactId: 'art_01ARZ3NDEKTSV4RRFFQ69G5FAV',
  name: 'router-2.0.bin',
  fits: [{ oui: '00D09E', productClass: 'IGD', hardwareVersions: ['v1', 'v2'] }],
  version: '2.0',
  softwareVersions: ['2.0', '2.0-r1'],
  format: 'openwrt_sysupgrade',
  status: 'trusted',
  size: 8_192,
  sha256: SHA,
  hosting: 'file_server',
  sourceUrl: null,
  import: null,
  origin: null,
  verdict: {
    trusted: true,
    reasons: [],
    checks: [
      { check: 'sha256', passed: true, detail: SHA },
      { check: 'signature', passed: true, keyId: '1a2b3c4d5e6f7081', detail: 'ed25519 by 1a2b3c4d5e6f7081' },
    ],
    at: '2026-11-30T18:00:00.000Z',
    evidence: {
      format: 'openwrt_sysupgrade',
      size: 8_192,
      sha256: SHA,
      version: '2.0',
      description: null,
      boards: ['acme,router-1', 'acme,router-2'],
      fromVersions: { min: '1.4', max: null },
      settings: { effect: 'by_compat_version', sentence: 'Devices of compat_version 1.1 keep their settings.' },
      reboots: true,
      builtAt: null,
      members: [{ name: 'kernel', size: 4_000, sha256: null }],
      more: { target: 'ath79/generic' },
      unsigned: [{ start: 8_100, end: 8_192, why: 'it is the signature itself' }],
      keys: [
        {
          keyId: '1a2b3c4d5e6f7081',
          name: 'Acme 2026',
          vouches: true,
          certificate: { subject: 'CN=Acme', issuer: 'CN=Acme root', notAfter: '2027-01-01T00:00:00.000Z' },
          chain: ['CN=Acme build', 'CN=Acme'],
        },
        { keyId: 'ffffffffffffffff', name: 'Acme 2025', vouches: false, certificate: null, chain: [] },
      ],
      requiredKeys: 1,
      leftOut: 3,
    },
  },
  statement: {
    payloadType: 'application/vnd.sluice.verdict+json',
    payload: '',
    signatures: [{ keyid: '0011223344556677', sig: '' }],
  },
  createdAt: '2026-11-30T17:00:00.000Z',
  createdBy: 'operator:eve',
}

test('a page answers what was checked, by which key, what it fits and what it does to settings', () => {
  expect(artifactLines(TRUSTED)).toEqual([
    'router-2.0.bin 2.0  trusted',
    '',
    '  artifact        art_01ARZ3NDEKTSV4RRFFQ69G5FAV',
    '  size            8192 bytes',
    `  SHA-256         ${SHA}`,
    '  format          OpenWrt sysupgrade',
    '  devices report  2.0, 2.0-r1',
    '  served by       our file server',
    '  brought in      2026-11-30T17:00:00.000Z by operator:eve',
    '  judged          2026-11-30T18:00:00.000Z: 1 of 1 keys vouch for it; signed by the verifier, key 0011223344556677',
    '',
    'Fits',
    '  00D09E IGD, hardware v1, v2',
    '  made for the boards acme,router-1, acme,router-2',
    '  installs over version 1.4 and later',
    '',
    'Settings',
    '  Devices of compat_version 1.1 keep their settings.',
    '  It reboots the device.',
    '',
    'Signed by',
    '  1a2b3c4d5e6f7081  Acme 2026  vouches',
    '    certificate of CN=Acme, issued by CN=Acme root, until 2027-01-01T00:00:00.000Z',
    '    signed through CN=Acme build, under CN=Acme',
    '  ffffffffffffffff  Acme 2025  does not count',
    '',
    'Checks',
    `  ok  sha256     ${SHA}`,
    '  ok  signature  ed25519 by 1a2b3c4d5e6f7081',
    '',
    'The image says of itself',
    '  version  2.0',
    '  target   ath79/generic',
    '',
    'It is made of',
    '  kernel  4000 bytes',
    '  and 3 more that are not listed',
    '',
    'Covered by no signature and no digest',
    '  bytes 8100 to 8191: it is the signature itself',
  ])
})

test('why an image was rejected stands first, and what an image says of itself cannot steer the terminal', () => {
  const evil = '\u001B[2Jtrusted'
  const verdict: NonNullable<Artifact['verdict']> = {
    trusted: false,
    reasons: [{ code: 'version_mismatch', detail: `the image says ${evil}` }],
    checks: [{ check: 'version', passed: false, detail: `the image says ${evil}` }],
    at: '2026-11-30T18:00:00.000Z',
  }
  const lines = artifactLines({ ...TRUSTED, name: evil, status: 'rejected', verdict })
  expect(lines.slice(0, 3)).toEqual([
    '\\x1b[2Jtrusted 2.0  rejected',
    '  because version_mismatch: the image says \\x1b[2Jtrusted',
    '',
  ])
  expect(lines).toContain('  FAILED  version  the image says \\x1b[2Jtrusted')
  expect(lines.join('')).not.toContain('\u001B')
})

test('one that waits for its bytes says so', () => {
  const { statement: _, ...waiting } = TRUSTED
  const lines = artifactLines({
    ...waiting,
    status: 'awaiting_content',
    size: null,
    sha256: null,
    format: null,
    verdict: null,
  })
  expect(lines).toContain('  size            not known yet')
  expect(lines).not.toContain('Checks')
})
