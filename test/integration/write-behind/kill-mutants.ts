import type { Mutant } from '../../support/mutant-bundle.js';

/** Rules of writing behind of which the database, or a reader, shows soon that they are missing. */
export const killMutants: readonly Mutant[] = [
  {
    rule: 'a load looks for what waits first',
    file: 'lib/flow/unwritten-values.ts',
    find: 'const found = await this.queue.find(keys);',
    replace: 'const found = keys.map(() => undefined as QueuedValue | undefined);',
  },
  {
    rule: 'a write is taken off the queue only if nothing newer came',
    file: 'lib/redis/scripts.generated.ts',
    find: "if value and string.match(value, '^(%d+)|') == position then\n    redis.call('HDEL', unwritten, key)\n  elseif",
    replace: "if value then\n    redis.call('HDEL', unwritten, key)\n  elseif",
  },
  {
    rule: 'what is taken off the queue is at its sink',
    file: 'lib/write-behind/write-flusher.ts',
    find: 'const outcome = await this.#callSink([...readable.values()]);',
    replace: 'await this.parts.queue.end(taken); const outcome = await this.#callSink([...readable.values()]);',
  },
  {
    rule: 'what a flusher that died had taken is handed out again',
    file: 'lib/redis/scripts.generated.ts',
    find: "'XAUTOCLAIM', queue, 'flushers', token, idleMs,",
    replace: "'XAUTOCLAIM', queue, 'flushers', token, '3600000',",
  },
  {
    rule: 'a write makes older entries stale in the same step',
    file: 'lib/flow/write-behind.flow.ts',
    find: 'tags: [keyTag(region.name, key)],',
    replace: "tags: ['t:nothing'],",
  },
];
