import { CacheConfigurationError } from '../cache.errors.js';
import { LIMITS } from '../cache.constants.js';
import { inOrder } from '../desk/batch-requests.js';
import type { CacheEngine } from '../desk/cache-engine.js';
import { checkAutoBatch } from '../options/decorator-options.js';
import { parseDuration } from '../options/duration.js';
import type { Problems } from '../options/option-reader.js';
import { AutoBatch, type AutoBatchTerms } from './auto-batch.js';
import { planOf } from './metadata.accessor.js';
import type { BoundCache } from './method-binding.js';
import type { AutoBatchSettings, MethodPlan } from './method-plan.js';

type LoadMany = (args: unknown[]) => unknown;

/** The batches of a method whose calls are gathered; `undefined` where what is said of them can't be right. */
export function bindAutoBatch(
  plan: MethodPlan,
  className: string,
  bound: BoundCache,
  engine: CacheEngine,
  problems: Problems,
): AutoBatch | undefined {
  const settings = bound.settings.autoBatch!;
  const where = `${className}.${String(plan.propertyKey)} @Cacheable`;
  if (!checkAutoBatch(settings, `${where}.autoBatch`, problems)) return undefined;
  const { returns } = bound.settings;
  const method = (plan.target as Record<string, unknown>)[settings.load];
  const refuse = (problem: string): void => problems.add(`${where}.autoBatch`, problem);
  if (returns !== undefined && returns !== 'promise') refuse(`is for methods that return a Promise`);
  if (plan.original.length > 1) refuse(`is for methods of one argument, and this one takes ${plan.original.length}`);
  if (settings.load === plan.propertyKey) refuse(`names the method itself; name one that takes a list of its argument`);
  else if (typeof method !== 'function') refuse(`${className} has no method \`${settings.load}\``);
  const { maxSize = LIMITS.page, within = 'tick' } = settings;
  const terms: AutoBatchTerms = {
    maxSize,
    withinMs: within === 'tick' ? undefined : parseDuration(within),
    load: loaderOf(plan, className, settings, bound),
  };
  return new AutoBatch(bound.desk, terms, engine.parts.runtime);
}

function loaderOf(
  { registration }: MethodPlan,
  className: string,
  settings: AutoBatchSettings,
  { desk: { region }, callKey }: BoundCache,
): AutoBatchTerms['load'] {
  const keyFor = (arg: unknown): string => region.storedKey(callKey.of([arg]));
  return async (self, args) => {
    const method = (self as Record<string, LoadMany>)[settings.load]!;
    const plan = planOf(method);
    const many = plan?.registration === registration ? plan.find('many')?.settings : undefined;
    // what reads the same entries has been done already: only its method is of use
    const isOfThisCache = many !== undefined && (many.cache ?? `${className}.${settings.load}`) === region.name;
    const result = (isOfThisCache ? (plan!.original as LoadMany) : method).call(self, [...args]);
    if (typeof (result as Partial<PromiseLike<unknown>> | undefined)?.then !== 'function') {
      const problem = 'has to return a Promise of a list, or of a Map';
      throw new CacheConfigurationError([{ where: `${className}.${settings.load}`, problem }]);
    }
    const keyOfItem = settings.key ?? many?.key;
    return inOrder({ region, keyFor, keyOfItem }, args, await result);
  };
}
