import { natsSettings, runJob } from '@sluice/runtime'
import { openDeadLetters } from './dead-letters.ts'

const options = {
  list: { type: 'boolean', description: 'One line per dead letter.' },
  replay: { type: 'boolean', description: 'Publish them anew where they came from, and take them out.' },
  service: { type: 'string', description: 'Only those that this service gave up.' },
  event: { type: 'string', description: 'Only those of this name: device.informed.' },
} as const

/** The job for dead letters on NATS: list them, mend the cause, replay them. */
await runJob('dead-letters', natsSettings, options, async ({ settings, log, closeAtEnd }, asked) => {
  if (asked.list === asked.replay) throw new Error('say either --list or --replay')
  const letters = await openDeadLetters(settings.SLUICE_NATS_URL)
  closeAtEnd('nats', () => letters.close())
  let count = 0
  for await (const letter of letters.list()) {
    if (asked.service !== undefined && letter.service !== asked.service) continue
    if (asked.event !== undefined && letter.name !== asked.event) continue
    if (asked.replay === true && !(await letters.replay(letter.seq))) continue
    count += 1
    const { seq, service, name, id, reason, bytes, deadAt } = letter
    const line = { seq, consumer: service, event_name: name, event_id: id, reason, bytes, dead_at: new Date(deadAt) }
    log.info(line, asked.replay === true ? 'dead_letter.replayed' : 'dead_letter.found')
  }
  log.info({ count }, asked.replay === true ? 'dead_letters.replayed' : 'dead_letters.listed')
})
