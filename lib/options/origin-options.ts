import { DEFAULTS } from './cache-options.defaults.js';
import type { CacheOptions } from './cache-options.interface.js';
import {
  atLeast,
  callback,
  count,
  duration,
  join,
  OptionReader,
  record,
  show,
  Problems,
  type Rule,
} from './option-reader.js';
import type {
  BulkheadOptions,
  LoadBreakerOptions,
  OriginOptions,
  RefreshLimitOptions,
} from './origin-options.interface.js';
import type { ResolvedOriginOptions } from './resolved-options.js';

const BULKHEAD_FIELDS = ['concurrency', 'queue', 'wait'] as const satisfies readonly (keyof BulkheadOptions)[];
const BREAKER_FIELDS = [
  'failureRate',
  'minimumLoads',
  'window',
  'slowLoad',
  'slowRate',
  'openFor',
  'probes',
  'when',
] as const satisfies readonly (keyof LoadBreakerOptions)[];
const REFRESH_FIELDS = ['concurrency', 'perSecond'] as const satisfies readonly (keyof RefreshLimitOptions)[];
const ORIGIN_FIELDS = ['bulkhead', 'breaker', 'refresh'] as const satisfies readonly (keyof OriginOptions)[];

const listed = (fields: readonly string[]): string => `{ ${fields.join(', ')} }`;
const originObject = record<OriginOptions>(listed(ORIGIN_FIELDS));

/** The guards of one cache; what it doesn't say of a guard itself, field by field, as in `base`. */
export function readOrigin(
  said: CacheOptions['origin'],
  { base, hardTimeoutMs }: { readonly base: CacheOptions['origin']; readonly hardTimeoutMs: number },
  where: string,
  problems: Problems,
): ResolvedOriginOptions | undefined {
  const place = join(where, 'origin');
  const own = said === undefined ? {} : originObject.read(said);
  if (own === undefined) problems.add(place, `got ${show(said)}; takes ${originObject.takes}`);
  const layers: Layers = { own: own ?? {}, inherited: originObject.read(base) ?? {}, place, problems };
  new OptionReader(layers.own, place, problems).refuseUnknown(ORIGIN_FIELDS);
  const origin = {
    bulkhead: readBulkhead(guardOf<BulkheadOptions>(layers, 'bulkhead', BULKHEAD_FIELDS)),
    breaker: readBreaker(guardOf<LoadBreakerOptions>(layers, 'breaker', BREAKER_FIELDS), hardTimeoutMs),
    refresh: readRefresh(guardOf<RefreshLimitOptions>(layers, 'refresh', REFRESH_FIELDS)),
  };
  return Object.values(origin).some((guard) => guard !== undefined) ? Object.freeze(origin) : undefined;
}

interface Layers {
  readonly own: OriginOptions;
  readonly inherited: OriginOptions;
  readonly place: string;
  readonly problems: Problems;
}

/** One guard as a cache says it, and what the module said for all of them. */
class GuardReader<O extends object> {
  constructor(
    private readonly own: OptionReader<O>,
    private readonly inherited: OptionReader<O>,
    private readonly missing: (problem: string) => unknown,
  ) {}

  take<T>(field: keyof O & string, rule: Rule<T>): T | undefined {
    return this.own.take(field, rule) ?? this.inherited.take(field, rule);
  }

  /** At least one of these fields has to be said. */
  needOneOf(fields: readonly (keyof O & string)[], takes: string): void {
    if (!this.own.says(fields) && !this.inherited.says(fields)) this.missing(`needs ${takes}`);
  }
}

/** `undefined` where there is no such guard. */
function guardOf<O extends object>(
  { own, inherited, place, problems }: Layers,
  guard: keyof OriginOptions,
  fields: readonly (keyof O & string)[],
): GuardReader<O> | undefined {
  const rule = record<O>(listed(fields));
  const said = new OptionReader(own, place, problems).takeOrFalse(guard, rule);
  const before = rule.read(inherited[guard]);
  if (said === false || (said === undefined && before === undefined)) return undefined;
  const where = join(place, guard);
  const reader = new OptionReader(said ?? ({} as O), where, problems);
  reader.refuseUnknown(fields);
  // what is wrong with the module's was said when those were read
  const silent = new OptionReader(before ?? ({} as O), where, new Problems());
  return new GuardReader(reader, silent, (problem) => said !== undefined && problems.add(where, problem));
}

function readBulkhead(reader: GuardReader<BulkheadOptions> | undefined): ResolvedOriginOptions['bulkhead'] {
  if (reader === undefined) return undefined;
  reader.needOneOf(['concurrency'], '`concurrency`: how many loads may run at a time');
  return {
    concurrency: reader.take('concurrency', count(1)) ?? 1,
    queue: reader.take('queue', count(0)) ?? DEFAULTS.bulkheadQueue,
    waitMs: reader.take('wait', duration) ?? DEFAULTS.bulkheadWait,
  };
}

function readBreaker(
  reader: GuardReader<LoadBreakerOptions> | undefined,
  hardTimeoutMs: number,
): ResolvedOriginOptions['breaker'] {
  if (reader === undefined) return undefined;
  return {
    failureRate: reader.take('failureRate', rate) ?? DEFAULTS.loadBreakerFailureRate,
    minimumLoads: reader.take('minimumLoads', count(1)) ?? DEFAULTS.loadBreakerMinimumLoads,
    windowMs: reader.take('window', atLeast(1)) ?? DEFAULTS.loadBreakerWindow,
    slowLoadMs: reader.take('slowLoad', duration) ?? hardTimeoutMs,
    slowRate: reader.take('slowRate', rate) ?? DEFAULTS.loadBreakerSlowRate,
    openForMs: reader.take('openFor', atLeast(1)) ?? DEFAULTS.loadBreakerOpenFor,
    probes: reader.take('probes', count(1)) ?? DEFAULTS.loadBreakerProbes,
    when: reader.take('when', callback<(error: unknown) => boolean>('a function of the error')),
  };
}

function readRefresh(reader: GuardReader<RefreshLimitOptions> | undefined): ResolvedOriginOptions['refresh'] {
  if (reader === undefined) return undefined;
  reader.needOneOf(REFRESH_FIELDS, '`concurrency`, `perSecond`, or both');
  return {
    concurrency: reader.take('concurrency', count(1)) ?? Number.POSITIVE_INFINITY,
    perSecond: reader.take('perSecond', perSecond) ?? Number.POSITIVE_INFINITY,
  };
}

const rate: Rule<number> = {
  takes: 'a number above 0 and up to 1',
  read: (given) => (typeof given === 'number' && given > 0 && given <= 1 ? given : undefined),
};

const perSecond: Rule<number> = {
  takes: 'a number above 0',
  read: (given) => (typeof given === 'number' && given > 0 && Number.isFinite(given) ? given : undefined),
};
