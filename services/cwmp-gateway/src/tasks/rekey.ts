import type { Answer, Knowledge, Move, Progress } from './task.ts'

type RekeyProgress = Extract<Progress, { kind: 'rekey' }>

/**
 * A device that came with the credential of its model gets one of its own before anything else is done with it. One
 * that comes with the credential it was given has taken it, and that alone confirms it: until then the old one holds.
 */
export function beginRekey(role: 'bootstrap' | 'pending', known: Knowledge): Move {
  return role === 'pending' ? confirm(known) : issue(known)
}

export function continueRekey({ stage }: RekeyProgress, answer: Answer, known: Knowledge): Move {
  switch (stage) {
    case 'issuing':
      // Nobody answered: the next session asks again.
      return answer.kind === 'issued' ? set(answer.credential, known) : { next: { kind: 'done' } }
    case 'setting':
      // Whatever it answers, only a session it begins with the new one shows that it has it.
      return { next: { kind: 'done' } }
    case 'confirming':
      return { next: { kind: 'done' } }
  }
}

function issue({ session: { deviceKey, sessionId } }: Knowledge): Move {
  const actor = `device:${deviceKey}`
  const input = { deviceKey, purpose: 'cwmp', actor, byBootstrap: true, sessionId } as const
  return {
    next: {
      kind: 'ask',
      question: { kind: 'credential_issue', input },
      progress: { kind: 'rekey', stage: 'issuing' },
    },
  }
}

function set({ username, password }: { username: string; password: string }, { session }: Knowledge): Move {
  const at = `${session.model.root}ManagementServer.`
  const parameters = [
    { name: `${at}Username`, value: username, type: 'string' },
    { name: `${at}Password`, value: password, type: 'string' },
  ] as const
  return {
    next: {
      kind: 'call',
      call: { kind: 'set_parameter_values', parameters, parameterKey: '' },
      progress: { kind: 'rekey', stage: 'setting' },
    },
  }
}

function confirm({ session: { deviceKey, issueId } }: Knowledge): Move {
  const input = { deviceKey, purpose: 'cwmp', ...(issueId === null ? {} : { issueId }) } as const
  return {
    next: {
      kind: 'ask',
      question: { kind: 'credential_confirm', input },
      progress: { kind: 'rekey', stage: 'confirming' },
    },
  }
}
