import { CacheConfigurationError } from '../cache.errors.js';
import { DEFAULTS } from './cache-options.defaults.js';
import type { ErrorClass, GraceOptions, NegativeOptions, ReadOptions } from './cache-options.interface.js';
import {
  between,
  callback,
  duration,
  flag,
  join,
  oneOf,
  OptionReader,
  record,
  show,
  type Problems,
  type Rule,
} from './option-reader.js';
import type { ResolvedReadOptions } from './resolved-options.js';

export const READ_FIELDS = [
  'ttl',
  'ttlFrom',
  'sliding',
  'grace',
  'consistency',
  'negative',
  'softTimeout',
  'hardTimeout',
  'abandonAfter',
  'earlyRefresh',
  'jitter',
  'retryPause',
  'nested',
] as const satisfies readonly (keyof ReadOptions)[];

/** What holds for a read of which nothing was said. */
export const DEFAULT_READ: ResolvedReadOptions = {
  ttlMs: DEFAULTS.ttl,
  ttlFrom: undefined,
  slidingMs: DEFAULTS.sliding,
  graceRevalidateMs: DEFAULTS.grace,
  graceErrorMs: DEFAULTS.grace,
  graceWhen: () => true,
  strong: false,
  negativeTtlMs: undefined,
  negativeMissing: DEFAULTS.negativeMissing,
  isNegativeError: () => false,
  softTimeoutMs: DEFAULTS.softTimeout,
  hardTimeoutMs: DEFAULTS.hardTimeout,
  abandonAfterMs: undefined,
  earlyRefreshBeta: DEFAULTS.earlyRefresh,
  jitter: DEFAULTS.jitter,
  retryPauseMs: DEFAULTS.retryPause,
  nested: DEFAULTS.nested,
};

/** Fields of the options of a call that are neither read options nor among `others`. */
export const refuseUnknownReadOptions = (
  options: object,
  others: readonly string[],
  where: string,
  problems: Problems,
): void => new OptionReader(options, where, problems).refuseUnknown([...READ_FIELDS, ...others]);

/** A layer of read options over what already holds. What it doesn't say stays. */
export function overrideReadOptions(
  base: ResolvedReadOptions,
  layer: ReadOptions,
  where: string,
  problems: Problems,
): ResolvedReadOptions {
  const reader = new OptionReader(layer, where, problems);
  const consistency = reader.take('consistency', oneOf('bounded', 'strong'));
  const ttlFrom = reader.take('ttlFrom', callback<(value: never) => unknown>('a function of the value'));
  const earlyRefresh = reader.takeOrFalse('earlyRefresh', between(0, 1_000));
  const resolved: ResolvedReadOptions = {
    ...base,
    ...readGrace(base, layer, where, problems),
    ...readNegative(base, layer, where, problems),
    ttlMs: reader.take('ttl', duration) ?? base.ttlMs,
    ttlFrom: ttlFrom === undefined ? base.ttlFrom : ttlOfValue(ttlFrom, join(where, 'ttlFrom')),
    slidingMs: reader.take('sliding', duration) ?? base.slidingMs,
    strong: consistency === undefined ? base.strong : consistency === 'strong',
    softTimeoutMs: reader.take('softTimeout', duration) ?? base.softTimeoutMs,
    hardTimeoutMs: reader.take('hardTimeout', duration) ?? base.hardTimeoutMs,
    abandonAfterMs: reader.take('abandonAfter', duration) ?? base.abandonAfterMs,
    earlyRefreshBeta: earlyRefresh === false ? 0 : (earlyRefresh ?? base.earlyRefreshBeta),
    jitter: reader.take('jitter', between(0, 1)) ?? base.jitter,
    retryPauseMs: reader.take('retryPause', duration) ?? base.retryPauseMs,
    nested: reader.take('nested', flag) ?? base.nested,
  };
  return Object.freeze(resolved);
}

/** Reads what a function says of a value. @throws CacheConfigurationError where it is no duration */
export const ttlOfValue =
  (ttl: (value: never) => unknown, where: string) =>
  (value: unknown): number | undefined => {
    const given = ttl(value as never);
    if (given === undefined) return undefined;
    const ms = duration.read(given);
    if (ms !== undefined) return ms;
    throw new CacheConfigurationError([{ where, problem: `returned ${show(given)}; takes ${duration.takes}` }]);
  };

const graceObject = record<GraceOptions>('{ revalidate, error, when }');
const negativeObject = record<NegativeOptions>('{ ttl, missing, errors }');

function readGrace(
  base: ResolvedReadOptions,
  { grace }: ReadOptions,
  where: string,
  problems: Problems,
): Partial<ResolvedReadOptions> {
  if (grace === undefined) return {};
  const both = duration.read(grace);
  if (both !== undefined) return { graceRevalidateMs: both, graceErrorMs: both };
  const given = graceObject.read(grace);
  if (given === undefined) {
    problems.add(join(where, 'grace'), `got ${show(grace)}; takes ${duration.takes}, or ${graceObject.takes}`);
    return {};
  }
  const reader = new OptionReader(given, join(where, 'grace'), problems);
  reader.refuseUnknown(['revalidate', 'error', 'when']);
  const when = reader.take('when', callback<(error: unknown) => boolean>('a function of the error'));
  return {
    graceRevalidateMs: reader.take('revalidate', duration) ?? base.graceRevalidateMs,
    graceErrorMs: reader.take('error', duration) ?? base.graceErrorMs,
    graceWhen: when ?? base.graceWhen,
  };
}

function readNegative(
  base: ResolvedReadOptions,
  layer: ReadOptions,
  where: string,
  problems: Problems,
): Partial<ResolvedReadOptions> {
  const given = new OptionReader(layer, where, problems).take('negative', negativeObject);
  if (given === undefined) return {};
  const reader = new OptionReader(given, join(where, 'negative'), problems);
  reader.refuseUnknown(['ttl', 'missing', 'errors']);
  return {
    negativeTtlMs: reader.take('ttl', duration) ?? base.negativeTtlMs,
    negativeMissing: reader.take('missing', flag) ?? base.negativeMissing,
    isNegativeError: reader.take('errors', errorChoice) ?? base.isNegativeError,
  };
}

const errorChoice: Rule<(error: unknown) => boolean> = {
  takes: 'a function of the error, or a list of error classes',
  read: (given) => {
    if (typeof given === 'function') return given as (error: unknown) => boolean;
    if (!Array.isArray(given) || !given.every((item) => typeof item === 'function')) return undefined;
    return (error) => (given as ErrorClass[]).some((type) => error instanceof type);
  },
};
