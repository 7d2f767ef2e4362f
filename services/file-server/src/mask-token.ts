/**
 * A token is a right: a log shows only where it starts. Whose download it was is said apart, and only of genuine ones;
 * an upload says its id in the path.
 */
export function maskToken(url: string): string {
  const [path = ''] = url.slice(0, 512).split(/[?#]/)
  const parts = path.split('/')
  return parts
    .map((part, at) =>
      part.length > 8 && !(at === 2 && /^(?:bk|tsk_)[0-9A-Z]{26}$/.test(part)) ? `${part.slice(0, 4)}…` : part,
    )
    .join('/')
}
