import { DEFAULTS } from '../options/cache-options.defaults.js';
import {
  count,
  duration,
  flag,
  oneOf,
  OptionReader,
  record,
  show,
  type Problems,
  type Rule,
} from '../options/option-reader.js';
import { triggers } from './triggers.js';
import type { WarmerSettings } from './warmer-settings.js';
import type { Warmer } from './warmer.js';

const FIELDS = [
  'cache',
  'warms',
  'on',
  'concurrency',
  'batch',
  'others',
  'hold',
  'holdAtMost',
  'doneFor',
  'registration',
] as const satisfies readonly (keyof WarmerSettings)[];

const text = (what: string): Rule<string> => ({
  takes: what,
  read: (given) => (typeof given === 'string' ? given : undefined),
});

type WarmerOptions = Omit<Warmer, 'name' | 'target' | 'list'> & { readonly batch: number };

/** The options of a warmer, complete. Whatever is wrong goes to `problems`. */
export function readWarmerOptions(
  settings: WarmerSettings,
  where: string,
  problems: Problems,
): WarmerOptions | undefined {
  const given = record<WarmerSettings>('').read(settings);
  if (given === undefined) {
    problems.add(where, `got ${show(settings)}; takes { cache, warms, on, concurrency, … }`);
    return undefined;
  }
  const reader = new OptionReader(given, where, problems);
  reader.refuseUnknown(FIELDS);
  const isRight = [
    reader.take('cache', text('the name of a cache')),
    reader.take('warms', text('the name of a method')),
  ];
  const on = reader.take('on', triggers) ?? [{ kind: 'start' as const }];
  const holds = reader.take('hold', flag) ?? DEFAULTS.warmHold;
  if (holds && !on.some(({ kind }) => kind === 'start'))
    problems.add(`${where}.hold`, "is about the start of the application, and needs 'start' in `on`");
  const options = {
    triggers: on,
    concurrency: reader.take('concurrency', count(1)) ?? DEFAULTS.warmConcurrency,
    batch: reader.take('batch', count(1)) ?? DEFAULTS.warmBatch,
    waits: (reader.take('others', oneOf('wait', 'go on')) ?? DEFAULTS.warmOthers) === 'wait',
    holds,
    holdAtMostMs: reader.take('holdAtMost', duration) ?? DEFAULTS.warmHoldAtMost,
    doneForMs: reader.take('doneFor', duration) ?? DEFAULTS.warmDoneFor,
  };
  const names = [settings.cache, settings.warms].filter((name) => name !== undefined);
  return isRight.filter((name) => name !== undefined).length === names.length ? options : undefined;
}
