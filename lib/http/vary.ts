import { fieldValue, isFieldName, listMembers, type RequestHeaders } from './header-fields.js';

/** Names of request fields as the functions below want them: lower-case, sorted, each once. */
export const varyNames = (names: readonly string[]): readonly string[] =>
  [...new Set(names.map((name) => name.trim().toLowerCase()))].sort();

const text = (value: string): string => `${value.length}:${value}`;

/**
 * What a request says in these fields, injective, as long as their values. Absent isn't empty; several lines are one.
 * https://www.rfc-editor.org/rfc/rfc9111#section-4.1
 */
export function varyKey(names: readonly string[], headers: RequestHeaders): string {
  let key = '';
  for (const name of names) {
    const value = fieldValue(headers, name);
    key += text(name) + (value === undefined ? '-' : text(value));
  }
  return key;
}

/** `Vary: *`: no later request can be told to be the same. https://www.rfc-editor.org/rfc/rfc9110#section-12.5.5 */
export const variesByAnything = (field: string | undefined): boolean => listMembers(field).includes('*');

/** What a response varies by that isn't part of the key, `*` included. @param declared by `varyNames` */
export const undeclaredVary = (field: string | undefined, declared: readonly string[]): string[] =>
  varyNames(listMembers(field)).filter((name) => !declared.includes(name));

/** The field with these names added; `undefined` if there is nothing to say. */
export function mergeVary(field: string | undefined, names: readonly string[]): string | undefined {
  if (variesByAnything(field) || names.includes('*')) return '*';
  const merged = new Map<string, string>();
  for (const name of [...listMembers(field), ...names.filter(isFieldName)]) {
    if (!merged.has(name.toLowerCase())) merged.set(name.toLowerCase(), name);
  }
  return merged.size === 0 ? undefined : [...merged.values()].join(', ');
}
