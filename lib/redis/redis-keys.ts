import type { LockAddress } from './redis-commands.interface.js';
import { hashTag } from './slots.js';

/** Where everything of one namespace lies. All keys begin with `<namespace>:` or `{<namespace>}:`. */
export class RedisKeys {
  /** The state of the journal: epoch, head, floor. In one slot with the stream. */
  readonly clock: string;
  /** The stream of invalidations. */
  readonly journal: string;

  /** @param clientPrefix what the client puts in front of every key, which decides about slots as well */
  constructor(
    private readonly namespace: string,
    private readonly clientPrefix = '',
  ) {
    this.clock = `{${namespace}}:clock`;
    this.journal = `{${namespace}}:journal`;
  }

  /** Anywhere in a cluster: an entry carries its own proof. */
  entry(cache: string, schema: number, key: string): string {
    return `${this.namespace}:${cache}:v${schema}:${key}`;
  }

  /** Remembers something that is to be done once. No cache is called `~once`. */
  mark(id: string): string {
    return `${this.namespace}:~once:${id}`;
  }

  /** The right to load an entry: in the entry's slot, but for keys with a lone brace. No cache is called `~lock`. */
  lock(entry: string): LockAddress {
    const full = this.clientPrefix + entry;
    const tag = hashTag(full);
    const lock = `${this.namespace}:~lock:${tag === undefined ? `{${full}}` : entry}`;
    return { lock, entry, beside: hashTag(this.clientPrefix + lock) === (tag ?? full) };
  }
}
