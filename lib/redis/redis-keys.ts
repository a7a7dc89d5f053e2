import type { LockAddress } from './redis-commands.interface.js';
import { hashTag } from './slots.js';

export interface WriteKeys {
  /** The newest value of each key that waits, behind the position of its record. */
  readonly unwritten: string;
  /** The keys that wait, in their order: a stream with one group. */
  readonly queue: string;
  /** Who flushes. */
  readonly lease: string;
  /** Writes that the sink doesn't take: a stream. */
  readonly dead: string;
  /** Where a key's dead letter is. */
  readonly deadKeys: string;
}

/** Where everything of one namespace lies. All keys begin with `<namespace>:` or `{<namespace>}:`. */
export class RedisKeys {
  /** The state of the journal: epoch, head, floor. In one slot with the stream. */
  readonly clock: string;
  /** The stream of invalidations. */
  readonly journal: string;
  /** Who is there: a hash. No cache is called `~processes`. */
  readonly processes: string;

  /** @param clientPrefix what the client puts in front of every key, which decides about slots as well */
  constructor(
    private readonly namespace: string,
    private readonly clientPrefix = '',
  ) {
    this.clock = `{${namespace}}:clock`;
    this.journal = `{${namespace}}:journal`;
    this.processes = `${namespace}:~processes`;
  }

  /** Anywhere in a cluster: an entry carries its own proof. */
  entry(cache: string, schema: number, key: string): string {
    return `${this.namespace}:${cache}:v${schema}:${key}`;
  }

  /** What the writes of a cache wait in for their sink; in the slot of the journal, because both change in one step. */
  writes(cache: string): WriteKeys {
    const at = (what: string): string => `{${this.namespace}}:${what}:${cache}`;
    return {
      unwritten: at('unwritten'),
      queue: at('writes'),
      lease: at('flusher'),
      dead: at('dead'),
      deadKeys: at('dead-keys'),
    };
  }

  /** Questions of the consistency probe. */
  get probes(): string {
    return `{${this.namespace}}:probes`;
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
