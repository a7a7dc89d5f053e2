import {
  callback,
  count,
  duration,
  flag,
  oneOf,
  OptionReader,
  record,
  show,
  type Problems,
  type Rule,
} from './option-reader.js';

const decoratorRules = {
  key: callback('a function that returns a text or a number'),
  condition: callback('a function that returns true or false'),
  unless: callback('a function that returns true or false'),
  returns: oneOf('promise', 'observable', 'response'),
  before: flag,
  all: flag,
  settled: flag,
  emit: flag,
  maxSize: count(1),
  autoBatch: record<object>('an object: { load, maxSize, within, key }'),
  ttlOf: callback('a function that returns a duration'),
  mode: oneOf('hard', 'soft'),
  again: duration,
  cache: { takes: 'the name of a cache', read: (given) => (typeof given === 'string' ? given : undefined) },
  tags: {
    takes: 'a list of texts, a function that returns one, or { fromResult }',
    read: (given) => {
      const fromResult = (given as { fromResult?: unknown } | null)?.fromResult;
      return typeof given === 'function' || Array.isArray(given) || typeof fromResult === 'function' ? true : undefined;
    },
  },
} satisfies Record<string, Rule<unknown>>;

/** Checks what a decorator says of its method: fields that aren't there, and values that can't be right. */
export function checkDecoratorOptions(
  settings: object,
  known: readonly string[],
  where: string,
  problems: Problems,
): boolean {
  if (record<object>('').read(settings) === undefined) {
    problems.add(where, `got ${show(settings)}; takes an object of options`);
    return false;
  }
  const reader = new OptionReader(settings as Record<string, unknown>, where, problems);
  reader.refuseUnknown(known);
  for (const [field, rule] of Object.entries(decoratorRules)) if (known.includes(field)) reader.take(field, rule);
  return true;
}

const autoBatchRules = {
  load: { takes: 'the name of a method', read: (given) => (typeof given === 'string' ? given : undefined) },
  key: callback('a function that finds the argument in an item'),
  maxSize: count(1),
  within: {
    takes: `'tick', or ${duration.takes}`,
    read: (given) => (given === 'tick' ? given : duration.read(given)),
  },
} satisfies Record<string, Rule<unknown>>;

/** Checks what a decorator says of the batches its calls become. */
export function checkAutoBatch(
  settings: object & { readonly load?: unknown },
  where: string,
  problems: Problems,
): boolean {
  const reader = new OptionReader<Record<string, unknown>>(settings, where, problems);
  reader.refuseUnknown(Object.keys(autoBatchRules));
  for (const [field, rule] of Object.entries(autoBatchRules)) reader.take(field, rule);
  if (settings.load === undefined) problems.add(where, 'needs `load`, the name of a method that takes a list');
  return typeof settings.load === 'string';
}
