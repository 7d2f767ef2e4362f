import { deviceProfile } from '@sluice/model-profiles'
import type { Download, ScheduleDownload } from '@sluice/cwmp'
import type { Call } from '../session/session.ts'
import { argumentSetFor, refusesArguments } from './argument-set.ts'
import { askNext, beginReading, type Reading, snapshotOf, takeAnswer } from './read-snapshot.ts'
import type { Answer, ClaimAnswer, Knowledge, Move, Progress, UpgradeStage, UpgradeTask } from './task.ts'

const FIRMWARE = '1 Firmware Upgrade Image'

type UpgradeProgress = Extract<Progress, { kind: 'upgrade' }>

/** A hint: read the snapshot, claim, and only when the scheduler has committed the attempt, Download. */
export function beginUpgrade(task: UpgradeTask, known: Knowledge): Move {
  const { scheduleDownload } = known.profile
  if (task.schedules === true && scheduleDownload === undefined) {
    const progress = { kind: 'upgrade', task, stage: { kind: 'asking_methods' } } as const
    return { next: { kind: 'call', call: { kind: 'get_rpc_methods' }, progress } }
  }
  return beginSnapshot(task, known, task.schedules === true ? scheduleDownload === 'yes' : undefined)
}

function beginSnapshot(task: UpgradeTask, known: Knowledge, takesSchedule: boolean | undefined): Move {
  const settings = task.keepsSettings === true && known.keeping !== null
  return readOrClaim(task, beginReading(known, { settings }), known, takesSchedule)
}

export function continueUpgrade(progress: UpgradeProgress, answer: Answer, known: Knowledge): Move {
  const { task, stage } = progress
  switch (stage.kind) {
    case 'asking_methods':
      return beginSnapshot(task, known, takesScheduleBy(answer))
    case 'reading':
      return readOrClaim(task, takeAnswer(stage.reading, answer, known), known, stage.takesSchedule)
    case 'claiming':
      // The hint stays: the next session asks again.
      return answer.kind === 'claimed' ? carryOut(task, answer.answer, known) : { next: { kind: 'end_session' } }
    // Whatever it answers: the file says when it is there, and the scheduler when it was waited for long enough.
    case 'backing_up':
      return { next: { kind: 'done' } }
    case 'downloading':
      return downloadAnswered(stage, answer)
    case 'scheduling':
      return scheduleAnswered(stage, answer)
  }
}

/** A device that does not know even this method has none of the optional ones; of any other trouble nothing is concluded. */
function takesScheduleBy(answer: Answer): boolean | undefined {
  if (answer.kind === 'fault') return answer.code === 9000 ? false : undefined
  if (answer.kind !== 'response' || answer.message.kind !== 'get_rpc_methods_response') return undefined
  return answer.message.methods.includes('ScheduleDownload')
}

function readOrClaim(task: UpgradeTask, reading: Reading, known: Knowledge, takesSchedule: boolean | undefined): Move {
  const takes = takesSchedule === undefined ? {} : { takesSchedule }
  const call = askNext(reading)
  if (call !== null) {
    const progress = { kind: 'upgrade', task, stage: { kind: 'reading', reading, ...takes } } as const
    return { next: { kind: 'call', call, progress } }
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
          ...(takesSchedule !== undefined && { takesScheduleDownload: takesSchedule }),
          ...((known.profile.checks ?? []).length > 0 && { hasChecks: true }),
          ...(reading.kept !== null && Object.keys(reading.kept).length > 0 && { keptSettings: { ...reading.kept } }),
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
      const refusal = tooLong(answer.download.url, known)
      if (refusal !== null) return { next: { kind: 'done' }, facts: [{ ...refusal, attemptId }], changes }
      return {
        next: { kind: 'call', ...offerOf(task, answer, known) },
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

type Go = Extract<ClaimAnswer, { kind: 'go' }>

/** What is written to the device, and what its answer is then taken for. */
function offerOf(task: UpgradeTask, go: Go, known: Knowledge): { call: Call; progress: UpgradeProgress } {
  const { attemptId } = go
  if (go.schedule !== undefined) {
    const progress = { kind: 'upgrade', task, stage: { kind: 'scheduling', attemptId } } as const
    return { call: scheduleOf(go, go.schedule), progress }
  }
  const call = downloadOf(go, known)
  const { argumentSet } = call
  return { call, progress: { kind: 'upgrade', task, stage: { kind: 'downloading', attemptId, argumentSet } } }
}

/** TR-069 A.4.1.8: the device keeps the windows itself. */
function scheduleOf(go: Go, windows: NonNullable<Go['schedule']>): ScheduleDownload {
  const { url, username, password, fileSize, targetFileName } = go.download
  return {
    kind: 'schedule_download',
    commandKey: go.attemptId,
    fileType: FIRMWARE,
    url,
    username,
    password,
    fileSize,
    targetFileName,
    windows: windows.map(({ startSeconds, endSeconds, ...rules }) => ({
      start: startSeconds,
      end: endSeconds,
      ...rules,
    })),
  }
}

function downloadOf(go: Go, known: Knowledge): Download {
  const { url, username, password, fileSize, targetFileName } = go.download
  return {
    kind: 'download',
    commandKey: go.attemptId,
    fileType: FIRMWARE,
    url,
    delaySeconds: go.delaySeconds,
    argumentSet: argumentSetFor(known, go.downloadArguments),
    username,
    password,
    fileSize,
    targetFileName,
    ...(go.successUrl !== undefined && { successUrl: go.successUrl }),
    ...(go.failureUrl !== undefined && { failureUrl: go.failureUrl }),
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

/** Its answer says only that it has it: it may not begin within the session. */
function scheduleAnswered({ attemptId }: Extract<UpgradeStage, { kind: 'scheduling' }>, answer: Answer): Move {
  const changes = [{ op: 'put_offer', offer: { attemptId, answered: true } }] as const
  if (answer.kind === 'fault') {
    const { code: faultCode, text: faultString } = answer
    return { next: { kind: 'done' }, facts: [{ kind: 'download_faulted', attemptId, faultCode, faultString }], changes }
  }
  if (answer.kind === 'response' && answer.message.kind === 'schedule_download_response') {
    return { next: { kind: 'done' }, facts: [{ kind: 'download_answered', attemptId, status: 1 }], changes }
  }
  return { next: { kind: 'done' } }
}
