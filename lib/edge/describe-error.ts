const LONGEST = 300;

/** Whatever was thrown, in one line: its message and those of its causes. */
export function describeError(error: unknown): string {
  try {
    const messages: string[] = [];
    for (let each = error; each !== undefined && messages.length < 4;) {
      messages.push(messageOf(each));
      each = each instanceof Error ? each.cause : undefined;
    }
    const line = messages.filter(Boolean).join(': ').replaceAll(/\s+/g, ' ');
    return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line || 'an error without a message';
  } catch {
    return 'an error that can’t be described';
  }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // of addresses that were tried in vain, Node's error has only a code
  return error.message || ((error as NodeJS.ErrnoException).code ?? error.name);
}
