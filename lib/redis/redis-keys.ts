import type { LockAddress } from './redis-commands.interface.js';

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

  /** The filter of the known ids of a cache: its state, open writes, and its bitmaps. In one slot with the journal. */
  ids(cache: string, part: string): string {
    return `{${this.namespace}}:~ids:${cache}:${part}`;
  }

  /** The right to load an entry: in the entry's slot, but for keys with a lone brace. No cache is called `~lock`. */
  lock(entry: string): LockAddress {
    const full = this.clientPrefix + entry;
    const tag = hashTag(full);
    const lock = `${this.namespace}:~lock:${tag === undefined ? `{${full}}` : entry}`;
    return { lock, entry, beside: hashTag(this.clientPrefix + lock) === (tag ?? full) };
  }
}

/**
 * The part of a key that decides about its slot, if it isn't all of it.
 * https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
 */
function hashTag(key: string): string | undefined {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : undefined;
}
