import { DEFAULTS } from './cache-options.defaults.js';
import type { WriteBehindOptions } from './cache-options.interface.js';
import { count, duration, OptionReader, record, type Problems, type Rule } from './option-reader.js';
import type { ResolvedWriteBehindOptions } from './resolved-options.js';

export const WRITE_BEHIND_FIELDS = [
  'flushEvery',
  'batch',
  'maxWaiting',
  'attempts',
  'maxRetryPause',
  'maxDeadLetters',
  'lease',
  'drain',
] as const satisfies readonly (keyof WriteBehindOptions)[];

export const writeBehindObject: Rule<WriteBehindOptions> = record(`{ ${WRITE_BEHIND_FIELDS.join(', ')} }`);

const atLeast = (ms: number, text: string): Rule<number> => ({
  takes: `a duration of at least ${text}`,
  read: (given) => {
    const read = duration.read(given);
    return read === undefined || read < ms ? undefined : read;
  },
});

/** How the writes of a cache get to their sink, complete. */
export function readWriteBehind(
  given: WriteBehindOptions,
  where: string,
  problems: Problems,
): ResolvedWriteBehindOptions {
  const reader = new OptionReader(given, where, problems);
  reader.refuseUnknown(WRITE_BEHIND_FIELDS);
  return Object.freeze({
    flushEveryMs: reader.take('flushEvery', atLeast(1, '1 ms')) ?? DEFAULTS.writeBehindFlushEvery,
    batch: reader.take('batch', count(1)) ?? DEFAULTS.writeBehindBatch,
    maxWaiting: reader.take('maxWaiting', count(1)) ?? DEFAULTS.writeBehindMaxWaiting,
    attempts: reader.take('attempts', count(1)) ?? DEFAULTS.writeBehindAttempts,
    retryToMs: reader.take('maxRetryPause', atLeast(100, '100 ms')) ?? DEFAULTS.writeBehindMaxRetryPause,
    maxDead: reader.take('maxDeadLetters', count(0)) ?? DEFAULTS.writeBehindMaxDeadLetters,
    leaseMs: reader.take('lease', atLeast(1_000, '1 s')) ?? DEFAULTS.writeBehindLease,
    drainMs: reader.take('drain', duration) ?? DEFAULTS.writeBehindDrain,
  });
}
