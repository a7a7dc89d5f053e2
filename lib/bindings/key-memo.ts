import type { LocalKey } from '../entry/key-encoding.js';

const REMEMBERED_KEYS = 4_096;

type MemoNode = Map<unknown, MemoNode | LocalKey>;

/**
 * Keys of the last calls with several primitive arguments: finding one by its arguments is cheaper than making the text
 * anew, which has to be joined and hashed every time.
 */
export class KeyMemo {
  /** A tree of maps for each number of arguments, one level for each argument. */
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
