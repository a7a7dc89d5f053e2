import { CacheKeyError } from '../cache.errors.js';
import type { TypeRegistry } from '../entry/cacheable-types.js';
import { isPlainText, keyOfArguments, localKey, type LocalKey } from '../entry/key-encoding.js';
import { KeyMemo } from './key-memo.js';

/** How the calls of one method become keys. */
export interface CallKey {
  /**
   * Under what the memory tier would hold the entry of a call; made as cheaply as can be, and only ever a guess:
   * `undefined` means ask `of`.
   */
  readonly guess: (args: IArguments | readonly unknown[]) => LocalKey | undefined;
  /** @throws CacheKeyError, or whatever a `key` function throws */
  readonly of: (args: IArguments | readonly unknown[]) => string;
}

/** The cache of a method: it knows what a number stands for among its keys. */
interface KeyedCache {
  plainKey(key: unknown, describe: () => string): string;
}

type KeyFunction = (...args: unknown[]) => unknown;

/** The key is what a function makes of the arguments. */
export function keyByFunction(make: KeyFunction, cache: KeyedCache, describe: () => string): CallKey {
  return {
    guess: (args) => {
      try {
        const key = args.length === 1 ? make(args[0]) : make(...(args as readonly unknown[]));
        if (typeof key === 'string') return isPlainText(key) ? key : undefined;
        return typeof key === 'number' && Number.isFinite(key) ? localKey(cache.plainKey(key, describe)) : undefined;
      } catch {
        return undefined; // thrown again, where it becomes the caller's rejection
      }
    },
    of: (args) => {
      const key = make(...(args as readonly unknown[]));
      if (typeof key === 'object' && key !== null) {
        throw new CacheKeyError(`${describe()}: \`key\` returned an object; it has to return a text or a number`);
      }
      return cache.plainKey(key, describe);
    },
  };
}

/** The key is the arguments themselves. */
export function keyByArguments(types: TypeRegistry, describe: () => string): CallKey {
  const memo = new KeyMemo();
  return {
    guess: (args) => {
      const first: unknown = args[0];
      if (args.length === 1) {
        if (typeof first === 'string') return isPlainText(first) ? first : undefined;
        if (typeof first === 'number' && first !== 0 && Number.isFinite(first)) return first;
      }
      const remembered = args.length > 1 ? memo.find(args) : undefined;
      if (remembered !== undefined) return remembered;
      try {
        const key = localKey(keyOfArguments(args, types, describe));
        if (args.length > 1) memo.add(args, key);
        return key;
      } catch {
        return undefined;
      }
    },
    of: (args) => keyOfArguments(args, types, describe),
  };
}
