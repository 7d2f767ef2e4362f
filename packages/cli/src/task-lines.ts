import type { DeviceTask } from '@sluice/contracts'
import { printable, tableOf } from './table.ts'

export const TASK_HEADER = ['TASK', 'DEVICE', 'METHOD', 'STATE', 'FAULT', 'CREATED']

export function taskRows(tasks: readonly DeviceTask[]): (string | number | null)[][] {
  return tasks.map((task) => [
    task.taskId,
    task.deviceName,
    task.call.method,
    task.state,
    faultOf(task)?.code ?? null,
    task.createdAt,
  ])
}

/** One task and all that came of it. */
export function taskLines(task: DeviceTask): string[] {
  const { call, result, late, upload, wake } = task
  const fault = faultOf(task)
  return [
    `${task.taskId}  ${call.method}  ${task.state}  ${printable(task.deviceName)}`,
    `  created ${task.createdAt} by ${printable(task.createdBy)}, deadline ${task.deadline}`,
    ...(wake === 'not_asked' ? [] : [`  connection request ${wake}`]),
    ...(fault === undefined ? [] : [`  fault ${fault.code} ${printable(fault.text)}`]),
    ...(fault?.parameters ?? []).map((one) => `    ${printable(one.name)}: ${one.code} ${printable(one.text)}`),
    ...(result?.kind === 'not_sent' ? [`  not sent: ${printable(result.reason)}`] : []),
    ...(result?.kind === 'response' ? responseLines(result.response) : []),
    ...(late?.kind === 'du_state_change_complete'
      ? late.results.map((one) => `  ${printable(JSON.stringify(one))}`)
      : []),
    ...(upload === null ? [] : [`  uploaded ${upload.bytes} bytes, sha256 ${upload.sha256}`]),
  ]
}

function faultOf({ result, late }: DeviceTask) {
  if (late?.kind === 'transfer_complete' && late.fault !== null) return late.fault
  return result?.kind === 'fault' ? result.fault : undefined
}

/** Lists of things with names are tables; the rest is told as it is. */
function responseLines(response: unknown): string[] {
  if (typeof response !== 'object' || response === null) return [`  ${printable(JSON.stringify(response) ?? '')}`]
  return Object.entries(response).flatMap(([name, value]) => {
    if (Array.isArray(value) && value.length > 0 && value.every(isNamed)) return indented(namedTable(value))
    return [`  ${printable(name)}: ${printable(typeof value === 'string' ? value : JSON.stringify(value))}`]
  })
}

type Named = Readonly<Record<string, unknown>> & { readonly name: string }

function isNamed(value: unknown): value is Named {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string'
}

function namedTable(values: readonly Named[]): string[] {
  const columns = [...new Set(values.flatMap((value) => Object.keys(value)))]
  const cell = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? null))
  return tableOf(
    columns.map((column) => printable(column).toUpperCase()),
    values.map((value) => columns.map((column) => cell(value[column]))),
  )
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`)
}
