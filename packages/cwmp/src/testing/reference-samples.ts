import { readCorpus, type Sample } from '../../test/corpus.ts'

/** Every reference message; those that are only the inside of one are dressed in an envelope. */
export function referenceSamples(): readonly Sample[] {
  return readCorpus().map(dressed)
}

function dressed(sample: Sample): Sample {
  const method = { inform: 'Inform', transfercomplete: 'TransferComplete' }[
    /\/cpelabs-(\w+?)-/.exec(sample.name)?.[1] ?? ''
  ]
  if (method === undefined) return sample
  const inner = sample.body.toString('utf8')
  const text = `<Envelope xmlns:cwmp="urn:dslforum-org:cwmp-1-0"><Body><cwmp:${method}>${inner}</cwmp:${method}></Body></Envelope>`
  return { ...sample, body: Buffer.from(text) }
}
