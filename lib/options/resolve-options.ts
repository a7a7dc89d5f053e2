import { inspect } from 'node:util';
import { CacheConfigurationError, type ConfigurationProblem } from '../cache.errors.js';
import { LIMITS } from '../cache.constants.js';
import { systemRuntime } from '../cache.runtime.js';
import { TypeRegistry, type CacheableType, type ErrorType } from '../entry/cacheable-types.js';
import { jsonSerializer, msgpackSerializer, type Serializer } from '../entry/serializers.js';
import type { StandardSchema } from '../entry/standard-schema.js';
import { userTags } from '../entry/tags.js';
import { DEFAULTS } from './cache-options.defaults.js';
import type {
  CacheModuleOptions,
  CacheOptions,
  ErrorClass,
  GraceOptions,
  MemoryOptions,
  NegativeOptions,
  ReadOptions,
} from './cache-options.interface.js';
import { parseByteSize, parseDuration } from './duration.js';
import type {
  ResolvedCacheOptions,
  ResolvedMemoryOptions,
  ResolvedModuleOptions,
  ResolvedReadOptions,
} from './resolved-options.js';

/** Collects everything that is wrong, so that it can be said at once. */
export class Problems {
  readonly #found: ConfigurationProblem[] = [];

  add(where: string, problem: string): void {
    if (this.#found.some((found) => found.where === where && found.problem === problem)) return;
    this.#found.push({ where, problem });
  }

  throwIfAny(): void {
    if (this.#found.length > 0) throw new CacheConfigurationError(this.#found);
  }
}

/** How one option is read: its value from what was given, or `undefined` for what it doesn't take. */
interface Rule<T> {
  readonly takes: string;
  readonly read: (given: unknown) => T | undefined;
}

const duration: Rule<number> = {
  takes: "a duration from 0 to 10 years: milliseconds, or a text such as '250ms', '5m', '1h30m'",
  read: (given) => {
    const ms = parseDuration(given);
    return ms === undefined || ms > LIMITS.maxDurationMs ? undefined : ms;
  },
};
const size: Rule<number> = {
  takes: "a number of bytes, or a text such as '512kb', '64mb'",
  read: parseByteSize,
};
const flag: Rule<boolean> = {
  takes: 'true or false',
  read: (given) => (typeof given === 'boolean' ? given : undefined),
};
const between = (low: number, high: number): Rule<number> => ({
  takes: `a number from ${low} to ${high}`,
  read: (given) => (typeof given === 'number' && given >= low && given <= high ? given : undefined),
});
const count = (low: number): Rule<number> => ({
  takes: `a whole number of at least ${low}`,
  read: (given) => (Number.isSafeInteger(given) && (given as number) >= low ? (given as number) : undefined),
});
const oneOf = <T extends string>(...words: readonly T[]): Rule<T> => ({
  takes: words.map((word) => `'${word}'`).join(' or '),
  read: (given) => words.find((word) => word === given),
});
const callback = <F>(what: string): Rule<F> => ({
  takes: what,
  read: (given) => (typeof given === 'function' ? (given as F) : undefined),
});
const record = <T extends object>(what: string): Rule<T> => ({
  takes: what,
  read: (given) => (typeof given === 'object' && given !== null && !Array.isArray(given) ? (given as T) : undefined),
});

const show = (given: unknown): string => {
  if (typeof given === 'function') return given.name === '' ? 'a function' : given.name;
  const text = inspect(given, { depth: 1, breakLength: Number.POSITIVE_INFINITY });
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
};

/** One object of options, read field by field; every refusal becomes a problem that names the field. */
class OptionReader<O extends object> {
  constructor(
    private readonly options: O,
    private readonly where: string,
    private readonly problems: Problems,
  ) {}

  /** Fields that aren't there at all, most often misspelt. */
  refuseUnknown(fields: readonly string[]): void {
    const known = [...new Set(fields)];
    for (const field of Object.keys(this.options)) {
      if (known.includes(field)) continue;
      const meant = known.find((candidate) => isMisspelt(field, candidate));
      const hint = meant === undefined ? `known are ${known.join(', ')}` : `did you mean \`${meant}\`?`;
      this.problems.add(this.#path(field), `there is no such option; ${hint}`);
    }
  }

  /** `undefined` when it wasn't said, or was refused. */
  take<T>(field: keyof O & string, rule: Rule<T>): T | undefined {
    const given = this.options[field] as unknown;
    if (given === undefined) return undefined;
    const value = rule.read(given);
    if (value === undefined) this.problems.add(this.#path(field), `got ${show(given)}; takes ${rule.takes}`);
    return value;
  }

  takeOrFalse<T>(field: keyof O & string, rule: Rule<T>): T | false | undefined {
    return (this.options[field] as unknown) === false
      ? false
      : this.take(field, { ...rule, takes: `${rule.takes}; or false` });
  }

  #path(field: string): string {
    return this.where === '' ? field : `${this.where}.${field}`;
  }
}

/** One letter too many, missing, changed or swapped, or another case. */
export function isMisspelt(word: string, meant: string): boolean {
  const [a, b] = [word.toLowerCase(), meant.toLowerCase()];
  if (a === b) return true;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const [restA, restB] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const swapped = restA.length === 2 && restB === `${restA[1]}${restA[0]}`;
  return swapped || Math.max(restA.length, restB.length) <= 1;
}

export const READ_FIELDS = [
  'ttl',
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

export const CACHE_FIELDS = [
  ...READ_FIELDS,
  'tags',
  'isolation',
  'memory',
  'schema',
  'types',
  'plain',
  'validate',
  'serializer',
  'scope',
  'maxValueBytes',
  'maxKeyBytes',
] as const satisfies readonly (keyof CacheOptions)[];

const MODULE_FIELDS = [
  ...CACHE_FIELDS.filter((field) => !['tags', 'schema', 'validate', 'scope'].includes(field)),
  'namespace',
  'enabled',
  'caches',
  'maxStaleness',
  'journal',
  'runtime',
];

const DEFAULT_READ: ResolvedReadOptions = {
  ttlMs: DEFAULTS.ttl,
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

const decoratorRules = {
  key: callback('a function that returns a text or a number'),
  condition: callback('a function that returns true or false'),
  unless: callback('a function that returns true or false'),
  returns: oneOf('promise', 'observable'),
  before: flag,
  all: flag,
  settled: flag,
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
  const earlyRefresh = reader.takeOrFalse('earlyRefresh', between(0, 1_000));
  const resolved: ResolvedReadOptions = {
    ...base,
    ...readGrace(base, layer, where, problems),
    ...readNegative(base, layer, where, problems),
    ttlMs: reader.take('ttl', duration) ?? base.ttlMs,
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

const join = (where: string, field: string): string => (where === '' ? field : `${where}.${field}`);

/** What every cache of a registration starts from. */
export interface CacheBase {
  readonly read: ResolvedReadOptions;
  readonly options: CacheModuleOptions;
  readonly errorTypes: readonly ErrorType[];
}

/** The options of a registration, complete. Whatever is wrong goes to `problems`, and a default stands in for it. */
export function resolveModuleOptions(
  options: CacheModuleOptions,
  errorTypes: readonly ErrorType[],
  problems: Problems,
): { readonly module: ResolvedModuleOptions; readonly base: CacheBase } {
  const reader = new OptionReader(options, '', problems);
  reader.refuseUnknown(MODULE_FIELDS);
  const journal = reader.take('journal', record<{ maxRecords?: number }>('{ maxRecords }')) ?? {};
  const journalReader = new OptionReader(journal, 'journal', problems);
  journalReader.refuseUnknown(['maxRecords']);
  const module: ResolvedModuleOptions = {
    namespace: reader.take('namespace', namespaceRule) ?? DEFAULTS.namespace,
    enabled: reader.take('enabled', flag) ?? DEFAULTS.enabled,
    maxStalenessMs: reader.take('maxStaleness', maxStaleness) ?? DEFAULTS.maxStaleness,
    journalMaxRecords: journalReader.take('maxRecords', count(1)) ?? DEFAULTS.journalMaxRecords,
    lockTimeoutMs: DEFAULTS.lockTimeout,
    memory: readMemory(isSaid(options.memory) ? options.memory : {}, 'memory', problems),
    runtime: options.runtime ?? systemRuntime,
  };
  const read = overrideReadOptions(DEFAULT_READ, options, '', problems);
  const base: CacheBase = { read, options, errorTypes };
  resolveCacheOptions('defaults', '', {}, base, problems); // reads the rest of the module's defaults, for their problems
  reader.take('caches', record('an object of cache options by name'));
  return { module: Object.freeze(module), base };
}

const namespaceRule: Rule<string> = {
  takes: 'letters, digits, dots, dashes and underscores, 1 to 100 of them',
  read: (given) => (typeof given === 'string' && /^[\w.-]{1,100}$/.test(given) ? given : undefined),
};

const maxStaleness: Rule<number> = {
  takes: `a duration of at least ${LIMITS.minMaxStalenessMs} ms`,
  read: (given) => {
    const ms = duration.read(given);
    return ms === undefined || ms < LIMITS.minMaxStalenessMs ? undefined : ms;
  },
};

/** Names are part of keys and tags, in which a colon separates. */
export const isCacheName = (name: string): boolean => /^[\w.$-]{1,200}$/.test(name);

/** The options of one cache, complete. */
export function resolveCacheOptions(
  name: string,
  where: string,
  given: CacheOptions,
  base: CacheBase,
  problems: Problems,
): ResolvedCacheOptions {
  const layer = cacheObject.read(given) ?? {};
  if (layer !== given) problems.add(where, `got ${show(given)}; takes ${cacheObject.takes}`);
  const reader = new OptionReader(layer, where, problems);
  const moduleProblems = where === '' ? problems : new Problems(); // those were said when the module's options were read
  const module = new OptionReader(base.options, '', moduleProblems);
  const both = <T>(field: keyof CacheModuleOptions & keyof CacheOptions, rule: Rule<T>): T | undefined =>
    reader.take(field, rule) ?? module.take(field, rule);

  if (where !== '') reader.refuseUnknown(CACHE_FIELDS);
  if (!isCacheName(name)) {
    problems.add(
      where,
      `'${name}' can't name a cache: use letters, digits, dots, dashes, underscores and dollar signs`,
    );
  }
  const plain = both('plain', flag) ?? DEFAULTS.plain;
  const types = new TypeRegistry([], base.errorTypes);
  addTypes(types, base.options, '', moduleProblems);
  addTypes(types, layer, where, problems);
  return Object.freeze({
    name,
    read: overrideReadOptions(base.read, layer, where, problems),
    tags: reader.take('tags', tagList) ?? [],
    isolation: both('isolation', oneOf('copy', 'frozen', 'shared')) ?? DEFAULTS.isolation,
    memory: readCacheMemory(layer, base.options, where, problems),
    schema: reader.take('schema', count(0)) ?? DEFAULTS.schema,
    types,
    plain,
    validate: reader.take('validate', standardSchema),
    serializer: (both('serializer', serializerRule) ?? DEFAULT_SERIALIZER)(types, plain),
    scope: reader.take('scope', callback<() => string>('a function that returns a text')),
    maxValueBytes: both('maxValueBytes', size) ?? DEFAULTS.maxValueBytes,
    maxKeyBytes: both('maxKeyBytes', size) ?? DEFAULTS.maxKeyBytes,
  });
}

const cacheObject = record<CacheOptions>('an object of options, which may be empty');

const tagList: Rule<readonly string[]> = {
  takes: `a list of texts of 1 to ${LIMITS.tagLength} characters`,
  read: (given) => {
    try {
      userTags(given, () => 'tags');
      return given as readonly string[];
    } catch {
      return undefined;
    }
  },
};

const standardSchema: Rule<StandardSchema> = {
  takes: 'a Standard Schema (zod, valibot, arktype …)',
  read: (given) =>
    typeof (given as Partial<StandardSchema> | null)?.['~standard']?.validate === 'function'
      ? (given as StandardSchema)
      : undefined,
};

type MakeSerializer = (types: TypeRegistry, plain: boolean) => Serializer;
const DEFAULT_SERIALIZER: MakeSerializer = msgpackSerializer;

const serializerRule: Rule<MakeSerializer> = {
  takes: "'msgpack', 'json' or { name, encode, decode }",
  read: (given) => {
    if (given === 'msgpack') return msgpackSerializer;
    if (given === 'json') return (_types, plain) => jsonSerializer(plain);
    const own = given as Partial<Serializer> | null;
    const complete =
      typeof own?.name === 'string' && typeof own.encode === 'function' && typeof own.decode === 'function';
    return complete ? () => own as Serializer : undefined;
  },
};

function addTypes(registry: TypeRegistry, { types }: { types?: unknown }, where: string, problems: Problems): void {
  if (types === undefined) return;
  if (!Array.isArray(types)) {
    problems.add(join(where, 'types'), `got ${show(types)}; takes a list of classes, or of { type, to, from }`);
    return;
  }
  for (const type of types) addType(registry, type as CacheableType, join(where, 'types'), problems);
}

/** Adds a class to those a cache may hold. */
export function addType(registry: TypeRegistry, type: CacheableType, where: string, problems: Problems): void {
  try {
    registry.register(type);
  } catch (error) {
    problems.add(where, error instanceof Error ? error.message : String(error));
  }
}

const memoryObject = record<MemoryOptions>('{ maxBytes, maxEntries, eviction }, or false');
const isSaid = (memory: CacheOptions['memory']): memory is MemoryOptions => memory !== undefined && memory !== false;

function readMemory(given: MemoryOptions, where: string, problems: Problems): ResolvedMemoryOptions {
  const memory = memoryObject.read(given) ?? {};
  if (memory !== given) problems.add(where, `got ${show(given)}; takes ${memoryObject.takes}`);
  const reader = new OptionReader(memory, where, problems);
  reader.refuseUnknown(['maxBytes', 'maxEntries', 'eviction']);
  return {
    maxBytes: reader.take('maxBytes', size) ?? DEFAULTS.memoryMaxBytes,
    maxEntries: reader.take('maxEntries', count(0)) ?? DEFAULTS.memoryMaxEntries,
    eviction: reader.take('eviction', oneOf('sieve', 'lru')) ?? DEFAULTS.memoryEviction,
  };
}

function readCacheMemory(
  { memory }: CacheOptions,
  module: CacheModuleOptions,
  where: string,
  problems: Problems,
): ResolvedCacheOptions['memory'] {
  if (memory === false || (memory === undefined && module.memory === false)) return false;
  if (memory === undefined) return 'shared';
  const own = memoryObject.read(memory);
  if (own === undefined) return readMemory(memory, join(where, 'memory'), problems);
  const inherited = memoryObject.read(module.memory) ?? {};
  const said = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  return readMemory({ ...inherited, ...said }, join(where, 'memory'), problems);
}
