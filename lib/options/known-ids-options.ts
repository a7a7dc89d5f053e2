import { DEFAULTS } from './cache-options.defaults.js';
import type { KnownIdsOptions } from './known-ids-options.interface.js';
import { count, duration, join, OptionReader, record, show, type Problems, type Rule } from './option-reader.js';
import type { ResolvedKnownIdsOptions } from './resolved-options.js';

const FIELDS = ['capacity', 'falsePositiveRate', 'missing', 'commitWithin'] as const;
const object = record<KnownIdsOptions>(`{ ${FIELDS.join(', ')} }`);
const MOST_IDS = 1_000_000_000;

/** `undefined`: the cache has none. */
export function readKnownIds(
  { knownIds, scope }: { readonly knownIds?: KnownIdsOptions | undefined; readonly scope?: unknown },
  where: string,
  problems: Problems,
): ResolvedKnownIdsOptions | undefined {
  if (knownIds === undefined) return undefined;
  const place = join(where, 'knownIds');
  const given = object.read(knownIds);
  if (given === undefined) {
    problems.add(place, `got ${show(knownIds)}; takes ${object.takes}`);
    return undefined;
  }
  const reader = new OptionReader(given, place, problems);
  reader.refuseUnknown(FIELDS);
  if (given.capacity === undefined) problems.add(place, 'needs `capacity`: for how many ids it is made');
  if (scope !== undefined) {
    problems.add(place, 'can’t be had together with `scope`: what is built once would be for one tenant');
  }
  return {
    capacity: reader.take('capacity', capacityRule) ?? 1,
    falsePositiveRate: reader.take('falsePositiveRate', rate) ?? DEFAULTS.knownIdsFalsePositiveRate,
    missing: reader.take('missing', missing) ?? NULL,
    commitWithinMs: reader.take('commitWithin', duration) ?? DEFAULTS.knownIdsCommitWithin,
  };
}

const NULL = (): null => null;

const capacityRule: Rule<number> = {
  takes: `a whole number from 1 to ${MOST_IDS}`,
  read: (given) => {
    const ids = count(1).read(given);
    return ids === undefined || ids > MOST_IDS ? undefined : ids;
  },
};

const rate: Rule<number> = {
  takes: 'a number from 0.000001 to 0.5',
  read: (given) => (typeof given === 'number' && given >= 1e-6 && given <= 0.5 ? given : undefined),
};

const missing: Rule<() => unknown> = {
  takes: 'null, or a function that returns what is answered',
  read: (given) => (given === null ? NULL : typeof given === 'function' ? (given as () => unknown) : undefined),
};
