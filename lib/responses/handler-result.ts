import { types } from 'node:util';

/** What is read while it is sent: for one client only. By its shape, as there may be several copies of Nest. */
export function isStream(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const shape = value as { pipe?: unknown; getStream?: unknown; then?: unknown; [Symbol.asyncIterator]?: unknown };
  if (typeof shape.pipe === 'function' || typeof shape.getStream === 'function') return true;
  if (typeof shape[Symbol.asyncIterator] === 'function' && typeof shape.then !== 'function') return true;
  return Object.prototype.toString.call(value) === '[object Response]' || types.isGeneratorObject(value);
}

/** The text or bytes by which two answers can be told apart; `undefined` for what has none. */
export function representationOf(value: unknown): string | Uint8Array | undefined {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string' || value instanceof Uint8Array) return value;
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
