import { CacheKeyError } from '../cache.errors.js';
import type { TypeRegistry } from '../entry/cacheable-types.js';
import { isPlainText, keyOf, keyOfArguments, localKey, type LocalKey } from '../entry/key-encoding.js';

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

const REMEMBERED_KEYS = 4_096;

type MemoNode = Map<unknown, MemoNode | LocalKey>;

/**
 * Keys of the last calls with several primitive arguments: finding one by its arguments is cheaper than making the text
 * anew, which has to be joined and hashed every time.
 */
class KeyMemo {
  /** By the number of arguments. */
  #roots: MemoNode[] = [];
  #size = 0;
  #found = 0;
  /** Calls hardly ever repeat: remembering them costs more than it saves. */
  #useless = false;

  find(args: ArrayLike<unknown>): LocalKey | undefined {
    let node: MemoNode | LocalKey | undefined = this.#roots[args.length];
    for (let index = 0; index < args.length && node !== undefined; index++) {
      const value = args[index];
      // a Map can't tell -0 from 0
      if (value === 0) return undefined;
      node = (node as MemoNode).get(value);
    }
    if (node !== undefined) this.#found++;
    return node as LocalKey | undefined;
  }

  add(args: ArrayLike<unknown>, key: LocalKey): void {
    if (this.#useless) return;
    const last = args.length - 1;
    for (let index = 0; index <= last; index++) if (!isMemorable(args[index])) return;
    if (++this.#size > REMEMBERED_KEYS) {
      this.#useless = this.#found < this.#size;
      this.#roots = [];
      this.#size = 1;
      this.#found = 0;
    }
    let node = (this.#roots[args.length] ??= new Map<unknown, MemoNode | LocalKey>());
    for (let index = 0; index < last; index++) {
      let next = node.get(args[index]) as MemoNode | undefined;
      if (next === undefined) node.set(args[index], (next = new Map()));
      node = next;
    }
    node.set(args[last], key);
  }
}

const isMemorable = (value: unknown): boolean =>
  typeof value === 'string'
    ? value.length <= 256
    : value !== 0 && (typeof value === 'number' || typeof value === 'boolean' || value === undefined || value === null);

type KeyFunction = (...args: unknown[]) => unknown;

/** The key is what a function makes of the arguments. */
export function keyByFunction(make: KeyFunction, types: TypeRegistry, describe: () => string): CallKey {
  return {
    guess: (args) => {
      try {
        const key = args.length === 1 ? make(args[0]) : make(...(args as readonly unknown[]));
        if (typeof key === 'string') return isPlainText(key) ? key : undefined;
        return typeof key === 'number' && Number.isFinite(key) ? String(key) : undefined;
      } catch {
        return undefined; // thrown again, where it becomes the caller's rejection
      }
    },
    of: (args) => {
      const key = make(...(args as readonly unknown[]));
      if (typeof key === 'object' && key !== null) {
        throw new CacheKeyError(`${describe()}: \`key\` returned an object; it has to return a text or a number`);
      }
      return keyOf(key, types, describe);
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
