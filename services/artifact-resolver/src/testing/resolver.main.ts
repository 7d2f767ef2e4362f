import { join } from 'node:path'
import { startResolverWorld } from './resolver-world.ts'

// A resolver in a process of its own, so that it can be killed: it says where its intake is, and which artifact waits.
const directory = process.argv[2]
if (directory === undefined) throw new Error('which directory?')
const world = await startResolverWorld(
  {},
  { imagesAt: join(directory, 'images'), databaseAt: join(directory, 'database') },
)
process.stdout.write(`${JSON.stringify({ intake: world.intake, artifactId: await world.create() })}\n`)
