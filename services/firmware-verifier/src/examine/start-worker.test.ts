import { once } from 'node:events'
import { expect, it } from 'vitest'
import { startWorker } from './start-worker.ts'

const TELLS_ITS_ENVIRONMENT = `
  import { parentPort } from 'node:worker_threads'
  parentPort.on('message', () => parentPort.postMessage({ ...process.env }))
  parentPort.postMessage({ kind: 'ready' })
`

it('the thread that reads images sees none of the secrets of the service', async () => {
  const entry = new URL(`data:text/javascript,${encodeURIComponent(TELLS_ITS_ENVIRONMENT)}`)
  const worker = await startWorker(entry, 64)
  worker.postMessage('tell')
  const [environment] = (await once(worker, 'message')) as [unknown]
  await worker.terminate()
  expect(environment).toEqual({})
})
