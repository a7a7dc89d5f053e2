import { percentEncode } from './percent-encoding.js';

/** https://www.rfc-editor.org/rfc/rfc9651#section-3.3.4 */
const TOKEN = /^[A-Za-z*][!#$%&'*+\-.^_`|~:/0-9A-Za-z]*$/;

/** https://www.rfc-editor.org/rfc/rfc9651#section-3.3.1: 15 digits */
const LARGEST = 999_999_999_999_999;

/**
 * Nothing but printable ASCII can be in one; the rest is percent-encoded.
 * https://www.rfc-editor.org/rfc/rfc9651#section-3.3.3
 */
export const sfString = (text: string): string =>
  `"${percentEncode(text, /[^\x20-\x7e]/gu).replace(/["\\]/g, '\\$&')}"`;

/** For the places that take both. */
export const sfTokenOrString = (text: string): string => (TOKEN.test(text) ? text : sfString(text));

/** Cut to a whole number, and to what fits; NaN is 0. */
export const sfInteger = (value: number): string =>
  String(Math.trunc(Math.max(-LARGEST, Math.min(LARGEST, Number.isNaN(value) ? 0 : value))));

/** https://www.rfc-editor.org/rfc/rfc9651#section-3.1 */
export const sfList = (members: readonly string[]): string => members.join(', ');

/** Values that are texts have to be serialised already. https://www.rfc-editor.org/rfc/rfc9651#section-3.1.2 */
export function sfParameters(parameters: Readonly<Record<string, string | boolean | undefined>>): string {
  let text = '';
  for (const [name, value] of Object.entries(parameters)) {
    if (value === true) text += `; ${name}`;
    else if (value !== undefined) text += `; ${name}=${value === false ? '?0' : value}`;
  }
  return text;
}

/** Members that are `false` are left out. https://www.rfc-editor.org/rfc/rfc9651#section-3.2 */
export function sfDictionary(members: Readonly<Record<string, number | boolean | undefined>>): string {
  const texts: string[] = [];
  for (const [name, value] of Object.entries(members)) {
    if (value === true) texts.push(name);
    else if (typeof value === 'number') texts.push(`${name}=${sfInteger(value)}`);
  }
  return sfList(texts);
}
