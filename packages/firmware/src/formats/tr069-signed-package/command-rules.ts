import { refuse } from '../refuse.ts'
import type { Command, FileCommand } from './commands.ts'

/** What the commands of a list have to keep together, beyond each by itself. Refuses by throwing. */
export function checkCommands(commands: readonly Command[]): void {
  const reboot = commands.findIndex(({ kind }) => kind === 'reboot')
  if (reboot !== -1 && reboot !== commands.length - 1)
    refuse('format_malformed', 'reboot is not the last command (TR-069 E.4.8)')
  const once = commands.flatMap((command) => nameOf(command) ?? [])
  if (new Set(once).size !== once.length)
    refuse('format_duplicate', `a command is there twice: ${once.find((name, at) => once.indexOf(name) !== at)}`)
}

/** The files of a package by their place in the payload: within it, none over another. */
export function filesInOrder(commands: readonly Command[], payloadLength: number): FileCommand[] {
  const files = commands.filter((command) => command.kind === 'file').toSorted((a, b) => a.offset - b.offset)
  if (files.length > MAX_FILES) refuse('format_limit_exceeded', `${files.length} files; at most ${MAX_FILES}`)
  let free = 0
  for (const { path, offset, length } of files) {
    if (offset + length > payloadLength) refuse('format_span_out_of_range', `${path} reaches beyond the payload`)
    if (offset < free) refuse('format_spans_overlap', `${path} lies over another file`)
    free = offset + length
  }
  return files
}

/** Each file has a hash that runs beside the others while the image is read. */
const MAX_FILES = 512

/** What may be there only once: two of them would leave open which one holds. */
function nameOf(command: Command): string | null {
  switch (command.kind) {
    case 'file':
      return `file ${command.path}`
    case 'text':
    case 'storage':
      return command.name
    case 'timeout':
      return `${command.name} timeout`
    case 'from_version':
      return `${command.end} version`
    case 'required_attributes':
      return `attributes ${command.entity}.${command.class}`
    case 'role':
    case 'reboot':
    case 'format_file_system':
      return command.kind
    case 'remove':
    case 'move':
    case 'unknown':
      return null
  }
}
