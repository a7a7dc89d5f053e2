/** As Node gives those of a request: lower-case names. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** As Node gives those of a response: lower-case names. */
export type ResponseHeaders = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** The value of a field, several lines of it joined to one list. https://www.rfc-editor.org/rfc/rfc9110#section-5.3 */
export function fieldValue(headers: ResponseHeaders, name: string): string | undefined {
  // a field may be called `constructor`
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (value === undefined) return undefined;
  return typeof value === 'object' ? value.join(', ') : String(value);
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2 */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Whether this can be the name of a header field. */
export const isFieldName = (text: string): boolean => TOKEN.test(text);

const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * The members of a comma-separated list, trimmed, the empty ones left out. Commas within a quoted string part nothing,
 * unless it is never closed. https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1
 */
export function listMembers(field: string | undefined): string[] {
  const members: string[] = [];
  if (field === undefined) return members;
  const add = (member: string): void => {
    const trimmed = member.trim();
    if (trimmed !== '') members.push(trimmed);
  };
  let start = 0;
  let quoted = false;
  for (let at = 0; at < field.length; at++) {
    const code = field.charCodeAt(at);
    if (quoted && code === BACKSLASH) at++;
    else if (code === QUOTE) quoted = !quoted;
    else if (code === COMMA && !quoted) {
      add(field.slice(start, at));
      start = at + 1;
    }
  }
  // otherwise a stray quotation mark would hide a `no-store` that follows
  if (quoted) for (const member of field.slice(start).split(',')) add(member);
  else add(field.slice(start));
  return members;
}
