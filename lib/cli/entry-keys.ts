import { CacheKeyError } from '../cache.errors.js';
import { TypeRegistry } from '../entry/cacheable-types.js';
import { boundedKey, keyOfArguments } from '../entry/key-encoding.js';
import { DEFAULTS } from '../options/cache-options.defaults.js';
import { usageError } from './cli-errors.js';
import type { OptionSpecs } from './option-specs.js';
import type { Said } from './said.js';

export const KEY_OPTIONS: OptionSpecs = {
  args: { value: 'json', text: `the arguments of the cached method instead of a key: --args '[7, "en"]'` },
};

export const KEY_NOTES = [
  'A key is written as `inspect` shows it. 7 stands for the text 7 and for the number 7 (#n7), because methods that are',
  'called with a number have a key of their own.',
] as const;

/** The keys that may be meant, as they are stored; one, or two for what may be a number. @throws CliError */
export function keysOf(said: Said): readonly string[] {
  const args = said.text('args');
  const word = said.words[1];
  if ((args === undefined) === (word === undefined))
    throw usageError(
      word === undefined ? 'which key? Write it behind the cache, or say --args' : 'say a key or --args, not both',
    );
  const bounded = (key: string): string => boundedKey(key, DEFAULTS.maxKeyBytes);
  if (args !== undefined) return [bounded(keyOfJson(args))];
  const isNumber = /^-?\d+(\.\d+)?$/.test(word!) && String(Number(word)) === word;
  return isNumber ? [word, `#n${word}`] : [bounded(word!)];
}

function keyOfJson(text: string): string {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    throw usageError(`--args got '${text}', which is no JSON; it takes a list such as '[7, "en"]'`);
  }
  if (!Array.isArray(list)) throw usageError(`--args takes a list of all arguments, such as '[7, "en"]'`);
  try {
    return keyOfArguments(list, new TypeRegistry([]), () => '--args');
  } catch (error) {
    throw error instanceof CacheKeyError ? usageError(error.message) : error;
  }
}
