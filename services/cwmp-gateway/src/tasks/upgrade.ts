import { deviceProfile } from '@sluice/model-profiles'
import type { Download } from '@sluice/cwmp'
import { argumentSetFor, refusesArguments } from './argument-set.ts'
import { askNext, beginReading, type Reading, snapshotOf, takeAnswer } from './read-snapshot.ts'
import type { Answer, ClaimAnswer, Knowledge, Move, Progress, UpgradeStage, UpgradeTask } from './task.ts'

type UpgradeProgress = Extract<Progress, { kind: 'upgrade' }>

/** A hint: read the snapshot, claim, and only when the scheduler has committed the attempt, Download. */
export function beginUpgrade(task: UpgradeTask, known: Knowledge): Move {
  return readOrClaim(task, beginReading(known), known)
}

export function continueUpgrade(progress: UpgradeProgress, answer: Answer, known: Knowledge): Move {
  const { task, stage } = progress
  switch (stage.kind) {
    case 'reading':
      return readOrClaim(task, takeAnswer(stage.reading, answer, known), known)
    case 'claiming':
      // The hint stays: the next session asks again.
      return answer.kind === 'claimed' ? carryOut(task, answer.answer, known) : { next: { kind: 'end_session' } }
    // Whatever it answers: the file says when it is there, and the scheduler when it was waited for long enough.
    case 'backing_up':
      return { next: { kind: 'done' } }
    case 'downloading':
      return downloadAnswered(stage, answer)
  }
}

function readOrClaim(task: UpgradeTask, reading: Reading, known: Knowledge): Move {
  const call = askNext(reading)
  if (call !== null) {
    return { next: { kind: 'call', call, progress: { kind: 'upgrade', task, stage: { kind: 'reading', reading } } } }
  }
  // Without the version before, no version after would prove anything.
  if (reading.softwareVersion === null) return { next: { kind: 'done' } }
  const { deviceKey, sessionId, model } = known.session
  const { oui, productClass, hardwareVersion } = model
  return {
    next: {
      kind: 'ask',
      question: {
        kind: 'upgrade_claim',
        input: {
          deviceKey,
          upgradeId: task.taskId,
          sessionId,
          oui,
          productClass,
          hardwareVersion,
          softwareVersion: reading.softwareVersion,
          snapshot: snapshotOf(reading, known.profile),
          urlMaxLength: known.profile.urlMaxLength,
          ...slownessOf(known.profile),
        },
      },
      progress: { kind: 'upgrade', task, stage: { kind: 'claiming' } },
    },
  }
}

function carryOut(task: UpgradeTask, answer: ClaimAnswer, known: Knowledge): Move {
  const { taskId, revision } = task
  const dropHint = { op: 'drop_task', taskId, kind: 'upgrade', revision } as const
  switch (answer.kind) {
    case 'go': {
      const { attemptId, watch } = answer
      const changes = [{ op: 'put_watch', watch }, dropHint] as const
      // At most one Download for an attempt, whatever the bus delivered twice.
      if (known.record.offer?.attemptId === attemptId) return { next: { kind: 'done' }, changes }
      const call = downloadOf(answer, known)
      const refusal = tooLong(call.url, known)
      if (refusal !== null) return { next: { kind: 'done' }, facts: [{ ...refusal, attemptId }], changes }
      const { argumentSet } = call
      return {
        next: {
          kind: 'call',
          call,
          progress: { kind: 'upgrade', task, stage: { kind: 'downloading', attemptId, argumentSet } },
        },
        changes: [{ op: 'put_offer', offer: { attemptId, answered: false } }, ...changes],
      }
    }
    case 'backup': {
      const { uploadId: commandKey, fileType, url, username, password } = answer
      return {
        next: {
          kind: 'call',
          call: { kind: 'upload', commandKey, fileType, url, username, password, delaySeconds: 0 },
          progress: { kind: 'upgrade', task, stage: { kind: 'backing_up' } },
        },
        changes: [{ op: 'put_task', task: { ...task, notBefore: answer.until } }],
      }
    }
    case 'not_before':
      return { next: { kind: 'done' }, changes: [{ op: 'put_task', task: { ...task, notBefore: answer.at } }] }
    case 'gone':
      return { next: { kind: 'done' }, changes: [dropHint] }
    case 'open': {
      const { watch, check } = answer
      const ask = { op: 'put_task', task: { kind: 'check', taskId: watch.attemptId, revision: 0 } } as const
      return {
        next: { kind: 'done' },
        // That its session died is not said here: it may be this POST's twin at another gateway. The answer timer says so.
        changes: [{ op: 'put_watch', watch }, dropHint, ...(check ? [ask] : [])],
      }
    }
  }
}

function downloadOf(go: Extract<ClaimAnswer, { kind: 'go' }>, known: Knowledge): Download {
  const { url, username, password, fileSize, targetFileName } = go.download
  return {
    kind: 'download',
    commandKey: go.attemptId,
    fileType: '1 Firmware Upgrade Image',
    url,
    delaySeconds: go.delaySeconds,
    argumentSet: argumentSetFor(known, go.downloadArguments),
    username,
    password,
    fileSize,
    targetFileName,
  }
}

/** There are CPE that cut a longer URL and fetch something else: never sent, and told as arguments it refused. */
/** Of most models nothing is known but what every campaign allows. */
function slownessOf({ answerMs, rebootMs }: Knowledge['profile']) {
  return answerMs > deviceProfile.answerMs || rebootMs > 0 ? { slowness: { answerMs, rebootMs } } : {}
}

function tooLong(url: string, { profile: { urlMaxLength } }: Knowledge) {
  if (url.length <= urlMaxLength) return null
  const faultString = `never sent: a URL of ${url.length} characters, and this model takes ${urlMaxLength}`
  return { kind: 'download_faulted', faultCode: 9003, faultString } as const
}

function downloadAnswered(stage: Extract<UpgradeStage, { kind: 'downloading' }>, answer: Answer): Move {
  const { attemptId, argumentSet } = stage
  const settled = {
    next: { kind: 'done' },
    changes: [{ op: 'put_offer', offer: { attemptId, answered: true } }],
  } as const
  if (answer.kind === 'fault') {
    const { code: faultCode, text: faultString } = answer
    const learnt = refusesArguments(faultCode) ? [{ op: 'put_refused_arguments', refused: argumentSet } as const] : []
    return {
      ...settled,
      facts: [{ kind: 'download_faulted', attemptId, faultCode, faultString }],
      changes: [...settled.changes, ...learnt],
    }
  }
  if (answer.kind === 'response' && answer.message.kind === 'download_response') {
    return { ...settled, facts: [{ kind: 'download_answered', attemptId, status: answer.message.status }] }
  }
  return { next: { kind: 'done' } }
}
