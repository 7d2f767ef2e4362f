import { NO_FACTS, type ImageFacts } from '../image-facts.ts'
import { ouiOf, type Command, type FileCommand } from './commands.ts'

/** What the commands of a package say to an operator. */
export function packageFacts(commands: readonly Command[], files: readonly FileCommand[]): ImageFacts {
  const of = <K extends Command['kind']>(kind: K) =>
    commands.filter((command): command is Extract<Command, { kind: K }> => command.kind === kind)
  const text = (name: string) => of('text').find((command) => command.name === name)?.text ?? null
  const from = (end: string) => of('from_version').find((command) => command.end === end)?.version ?? null
  return {
    ...NO_FACTS,
    version: text('version'),
    description: text('description'),
    from: of('from_version').length === 0 ? null : { min: from('min'), max: from('max') },
    // The list says that the recipient reboots; that it does not, it never says.
    reboots: of('reboot').length > 0 ? true : null,
    settings:
      of('format_file_system').length > 0
        ? { kind: 'lost', why: 'it formats the file system (TR-069 E.4.9)' }
        : { kind: 'unknown' },
    members: files.map(({ path, length }) => ({ name: path, size: length, sha256: null })),
    more: withoutEmpty({
      role: of('role').map(({ role }) => role),
      removes: of('remove').map(({ path }) => path),
      moves: of('move').map(({ from: source, to }) => `${source} to ${to}`),
      required_attributes: of('required_attributes').map(
        ({ entity, class: theClass, values }) =>
          `${entity === 0 ? 'standard' : ouiOf(entity)} ${theClass}: one of ${values.join(', ')}`,
      ),
      minimum_storage: of('storage').map(({ name, bytes }) => `${bytes} bytes ${name.replace('_', '-')}`),
      timeouts: of('timeout').map(({ name, seconds }) => `${name} ${seconds === 0 ? 'never' : `${seconds} s`}`),
      only_where_absent: files.filter(({ how }) => how.startsWith('add')).map(({ path }) => path),
      ignored_commands: of('unknown').map(({ type }) => String(type)),
    }),
  }
}

const MAX_TEXT = 2_048

function withoutEmpty(lists: Readonly<Record<string, readonly string[]>>): Record<string, string> {
  const told = Object.entries(lists).filter(([, items]) => items.length > 0)
  return Object.fromEntries(told.map(([name, items]) => [name, shortened(items.join('; '))]))
}

function shortened(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)} ...`
}
