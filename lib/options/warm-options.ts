import { DEFAULTS } from './cache-options.defaults.js';
import type { CacheModuleOptions, CacheOptions, WarmOptions } from './cache-options.interface.js';
import { count, flag, join, OptionReader, Problems, record, type Rule } from './option-reader.js';
import type { ResolvedWarmOptions } from './resolved-options.js';

const warmObject = record<WarmOptions>('{ hottest, concurrency, hold }');

const hottestRule: Rule<number> = {
  takes: 'a whole number from 1 to 10,000',
  read: (given) => {
    const number = count(1).read(given);
    return number === undefined || number > 10_000 ? undefined : number;
  },
};

/** What is learned of a cache. What the module says of all of them leaves out those that nothing can be learned of. */
export function readWarm(
  layer: CacheOptions,
  module: CacheModuleOptions,
  { where, encrypt }: { readonly where: string; readonly encrypt: boolean },
  problems: Problems,
): ResolvedWarmOptions | undefined {
  const isOwn = where !== '' && layer.warm !== undefined;
  const place = isOwn ? where : '';
  // what is wrong with the module's was said when its options were read
  const said = isOwn || where === '' ? problems : new Problems();
  const given = new OptionReader<CacheOptions>(isOwn ? layer : module, place, said).takeOrFalse('warm', warmObject);
  if (given === undefined || given === false) return undefined;
  const obstacle = obstacleTo(layer, encrypt);
  if (obstacle !== undefined) {
    if (isOwn) problems.add(join(where, 'warm'), obstacle);
    return undefined;
  }
  const reader = new OptionReader(given, join(place, 'warm'), said);
  reader.refuseUnknown(['hottest', 'concurrency', 'hold']);
  return {
    hottest: reader.take('hottest', hottestRule) ?? DEFAULTS.warmHottest,
    concurrency: reader.take('concurrency', count(1)) ?? DEFAULTS.warmConcurrency,
    holds: reader.take('hold', flag) ?? DEFAULTS.warmHold,
    isOwn,
  };
}

function obstacleTo({ scope }: CacheOptions, encrypt: boolean): string | undefined {
  if (scope !== undefined)
    return 'can’t be said beside `scope`: nobody asks when a key is warmed, so nobody knows its scope';
  return encrypt ? 'can’t be said beside `encrypt`: the arguments of calls would lie in Redis as they are' : undefined;
}
