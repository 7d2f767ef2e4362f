import { expect, test } from 'vitest'
import { dryRunLines } from './dry-run-view.ts'

test('a dry run shows its figures, who it is for, who is left out, and what to know, with nothing a terminal obeys', () => {
  const lines = dryRunLines({
    devices: 12,
    byModel: [{ oui: '001122', productClass: 'Router', softwareVersion: null, toVersion: '2.0', devices: 12 }],
    leftOut: [{ reason: 'downgrade', devices: 3, examples: ['evil\u001b[2J'] }],
    waves: [
      { wave: 1, size: 2 },
      { wave: 2, size: 10 },
    ],
    duration: { ms: 90_000_000, boundBy: 'devices show up once a day' },
    notes: ['No backup of the settings is asked for before the image.'],
    approvalNeededBecause: ['size'],
  })
  expect(lines).toEqual([
    '12 devices in 2 + 10',
    'about 1 d 1 h, bound by: devices show up once a day',
    'a second person has to approve it: size',
    'OUI     CLASS   FROM     TO   DEVICES',
    '001122  Router  unknown  2.0  12',
    'LEFT OUT   DEVICES  FOR EXAMPLE',
    'downgrade  3        evil\\x1b[2J',
    '- No backup of the settings is asked for before the image.',
  ])
})
