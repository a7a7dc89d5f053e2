import { LIMITS } from '../cache.constants.js';
import { systemRuntime } from '../cache.runtime.js';
import { TypeRegistry, type CacheableType, type ErrorType } from '../entry/cacheable-types.js';
import { jsonSerializer, msgpackSerializer, type Serializer } from '../entry/serializers.js';
import type { EncryptionKeys } from '../entry/entry-cipher.js';
import type { StandardSchema } from '../entry/standard-schema.js';
import { userTags } from '../entry/tags.js';
import { isCacheName, namespaceRule } from './cache-name.js';
import { DEFAULTS } from './cache-options.defaults.js';
import type {
  CacheModuleOptions,
  CacheOptions,
  DegradedOptions,
  JournalOptions,
  LoadLockOptions,
  MemoryOptions,
  ProbeOptions,
} from './cache-options.interface.js';
import { readHttpOptions } from './http-options.js';
import {
  between,
  callback,
  count,
  duration,
  flag,
  join,
  oneOf,
  OptionReader,
  Problems,
  record,
  show,
  size,
  type Rule,
} from './option-reader.js';
import { readKnownIds } from './known-ids-options.js';
import { readOrigin } from './origin-options.js';
import { resolveRedisOptions } from './redis-options.js';
import type { RedisOptions } from './redis-options.interface.js';
import { encryptFlag, encryptionOf, NEEDS_KEYS, readCompression, readEncryption } from './storage-options.js';
import { readWriteBehind, writeBehindObject } from './write-behind-options.js';
import { DEFAULT_READ, overrideReadOptions, READ_FIELDS } from './read-options.js';
import { readWarm } from './warm-options.js';
import type {
  ResolvedCacheOptions,
  ResolvedMemoryOptions,
  ResolvedModuleOptions,
  ResolvedReadOptions,
} from './resolved-options.js';

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
  'tooLarge',
  'maxKeyBytes',
  'compression',
  'encrypt',
  'writeBehind',
  'origin',
  'knownIds',
  'warm',
] as const satisfies readonly (keyof CacheOptions)[];

const MODULE_FIELDS = [
  ...CACHE_FIELDS.filter(
    (field) => !['tags', 'schema', 'validate', 'scope', 'writeBehind', 'knownIds'].includes(field),
  ),
  'namespace',
  'enabled',
  'caches',
  'maxStaleness',
  'journal',
  'redis',
  'degraded',
  'loadLock',
  'encryption',
  'http',
  'probe',
  'runtime',
];

/** What every cache of a registration starts from. */
export interface CacheBase {
  readonly read: ResolvedReadOptions;
  readonly options: CacheModuleOptions;
  readonly errorTypes: readonly ErrorType[];
  readonly namespace: string;
  readonly keys: EncryptionKeys | undefined;
}

/** The options of a registration, complete. Whatever is wrong goes to `problems`, and a default stands in for it. */
export function resolveModuleOptions(
  options: CacheModuleOptions,
  errorTypes: readonly ErrorType[],
  problems: Problems,
): { readonly module: ResolvedModuleOptions; readonly base: CacheBase } {
  const reader = new OptionReader(options, '', problems);
  reader.refuseUnknown(MODULE_FIELDS);
  const maxStalenessMs = reader.take('maxStaleness', maxStaleness) ?? DEFAULTS.maxStaleness;
  const redis = reader.take('redis', redisObject);
  if (redis !== undefined && options.namespace === undefined) {
    const remedy = "give every service that shares this Redis a name of its own, for example 'shop'";
    problems.add('namespace', `is missing, and with \`redis\` it is needed: ${remedy}`);
  }
  const module: ResolvedModuleOptions = {
    namespace: reader.take('namespace', namespaceRule) ?? DEFAULTS.namespace,
    enabled: reader.take('enabled', flag) ?? DEFAULTS.enabled,
    maxStalenessMs,
    ...readSharing(reader, maxStalenessMs, problems),
    redis: redis === undefined ? undefined : resolveRedisOptions(redis, problems),
    memory: readMemory(isSaid(options.memory) ? options.memory : {}, 'memory', problems),
    probeSample: readProbe(options, problems),
    http: readHttpOptions(options, problems),
    runtime: options.runtime ?? systemRuntime,
  };
  const read = overrideReadOptions(DEFAULT_READ, options, '', problems);
  const { encryption: _secret, ...open } = options;
  const keys = readEncryption(options, problems);
  const base: CacheBase = { read, options: open, errorTypes, namespace: module.namespace, keys };
  resolveCacheOptions('defaults', '', {}, base, problems); // reads the rest of the module's defaults, for their problems
  reader.take('caches', record('an object of cache options by name'));
  return { module: Object.freeze(module), base };
}

/** @returns the part that is asked about */
function readProbe({ probe = false, redis }: CacheModuleOptions, problems: Problems): number | undefined {
  if (probe === false) return undefined;
  if (redis === undefined) problems.add('probe', 'needs `redis`: there is nobody else to ask');
  if (probe === true) return DEFAULTS.probeSample;
  const given = record<ProbeOptions>('').read(probe);
  if (given === undefined) problems.add('probe', `got ${show(probe)}; takes true, false or { sample }`);
  const reader = new OptionReader(given ?? {}, 'probe', problems);
  reader.refuseUnknown(['sample']);
  return reader.take('sample', between(0, 1)) ?? DEFAULTS.probeSample;
}

// a URL in its place may hold a password
const redisObject: Rule<RedisOptions> = {
  ...record<RedisOptions>('{ url }, { host }, { client }, { cluster } or { sentinels, name }'),
  secret: true,
};

/** What several processes with one store have to agree on, or bear. */
function readSharing(
  reader: OptionReader<CacheModuleOptions>,
  maxStalenessMs: number,
  problems: Problems,
): Pick<ResolvedModuleOptions, 'journal' | 'degraded' | 'loadLock'> {
  const part = <O extends object>(
    field: keyof CacheModuleOptions & string,
    fields: readonly string[],
  ): OptionReader<O> => {
    const given = reader.take(field, record<O>(`{ ${fields.join(', ')} }`)) ?? ({} as O);
    const own = new OptionReader(given, field, problems);
    own.refuseUnknown(fields);
    return own;
  };
  const journal = part<JournalOptions>('journal', ['maxRecords', 'maxAge', 'durability']);
  const degraded = part<DegradedOptions>('degraded', ['ttl', 'serveStale']);
  const loadLock = part<LoadLockOptions>('loadLock', ['life', 'timeout']);
  const answersForMs = degraded.take('ttl', duration) ?? maxStalenessMs;
  const serveStaleMs = degraded.take('serveStale', duration) ?? DEFAULTS.degradedServeStale;
  return {
    journal: {
      maxRecords: journal.take('maxRecords', count(1)) ?? DEFAULTS.journalMaxRecords,
      maxAgeMs: journal.take('maxAge', duration) ?? DEFAULTS.journalMaxAge,
      replicated:
        (journal.take('durability', oneOf('local', 'replicated')) ?? DEFAULTS.journalDurability) === 'replicated',
    },
    degraded: { answersForMs, maxAgeMs: Math.max(answersForMs, serveStaleMs) },
    loadLock: {
      lifeMs: loadLock.take('life', lockLife) ?? DEFAULTS.loadLockLife,
      timeoutMs: loadLock.take('timeout', duration) ?? DEFAULTS.loadLockTimeout,
    },
  };
}

const lockLife: Rule<number> = {
  takes: 'a duration of at least 300 ms, because it is renewed every third of it',
  read: (given) => {
    const ms = duration.read(given);
    return ms === undefined || ms < 300 ? undefined : ms;
  },
};

const maxStaleness: Rule<number> = {
  takes: `a duration of at least ${LIMITS.minMaxStalenessMs} ms`,
  read: (given) => {
    const ms = duration.read(given);
    return ms === undefined || ms < LIMITS.minMaxStalenessMs ? undefined : ms;
  },
};

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
  const encrypt = both('encrypt', encryptFlag) ?? DEFAULTS.encrypt;
  const compression = readCompression(base.options.compression, undefined, '', moduleProblems);
  const saysSo = layer.encrypt === true || (where === '' && encrypt);
  if (saysSo && base.keys === undefined) problems.add(join(where, 'encrypt'), NEEDS_KEYS);
  const types = new TypeRegistry([], base.errorTypes);
  addTypes(types, base.options, '', moduleProblems);
  addTypes(types, layer, where, problems);
  const writeBehind = reader.take('writeBehind', writeBehindObject);
  const read = overrideReadOptions(base.read, layer, where, problems);
  return Object.freeze({
    name,
    read,
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
    tooLarge: both('tooLarge', oneOf('skip', 'memory-only')) ?? DEFAULTS.tooLarge,
    maxKeyBytes: both('maxKeyBytes', size) ?? DEFAULTS.maxKeyBytes,
    compression: readCompression(layer.compression, compression, where, problems),
    encryption: encryptionOf(name, { ...base, encrypt }),
    writeBehind: writeBehind && readWriteBehind(writeBehind, join(where, 'writeBehind'), problems),
    knownIds: readKnownIds(layer, where, problems),
    origin: readOrigin(
      where === '' ? base.options.origin : layer.origin,
      { base: base.options.origin, hardTimeoutMs: read.hardTimeoutMs },
      where,
      problems,
    ),
    warm: readWarm(layer, base.options, { where, encrypt }, problems),
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
