import type { EncryptionKeys } from '../entry/entry-cipher.js';
import { CacheConfigurationError } from '../cache.errors.js';
import { namespaceRule } from '../options/cache-name.js';
import { Problems } from '../options/option-reader.js';
import { resolveRedisOptions } from '../options/redis-options.js';
import type { RedisNode, RedisOptions, ResolvedRedisOptions } from '../options/redis-options.interface.js';
import { readEncryption } from '../options/storage-options.js';
import { usageError } from './cli-errors.js';
import type { OptionSpecs } from './option-specs.js';
import type { Said } from './said.js';

/** What every command takes. */
export const COMMON_OPTIONS: OptionSpecs = {
  url: { value: 'url', text: 'where Redis is: redis://…, with TLS rediss://…; or CACHE_REDIS_URL' },
  cluster: { value: 'host:port,…', text: 'some nodes of a Redis Cluster' },
  sentinels: { value: 'host:port,…', text: 'sentinels, with --name' },
  name: { value: 'name', text: 'by which the sentinels know the master' },
  tls: { text: 'TLS, where there is no URL to say so' },
  namespace: { value: 'name', short: 'n', text: 'of the application (`namespace` of its options); or CACHE_NAMESPACE' },
  'key-prefix': { value: 'text', text: "what the application's client puts in front of every key (`keyPrefix`)" },
  timeout: { value: 'duration', text: 'the longest wait for an answer (5s)' },
  json: { text: 'JSON, for programs' },
  help: { short: 'h', text: 'what a command takes' },
};

const TIMEOUT_MS = 5_000;

/** Which cache, and how it is reached. */
export interface Target {
  readonly redis: ResolvedRedisOptions;
  readonly namespace: string;
  readonly keyPrefix: string;
  readonly timeoutMs: number;
  readonly encryption: EncryptionKeys | undefined;
}

/** @throws CliError for what can't be right */
export function targetOf(said: Said): Target {
  const timeoutMs = said.durationMs('timeout') ?? TIMEOUT_MS;
  if (timeoutMs === 0) throw usageError('--timeout got 0; it takes more than that, for example 5s');
  const address = addressOf(said);
  const namespace = namespaceOf(said);
  const keys = keysOf(said.variable('CACHE_ENCRYPTION_KEYS'));
  const problems = new Problems();
  const redis = resolveRedisOptions({ ...address, commandTimeout: timeoutMs } as RedisOptions, problems);
  const encryption = keys === undefined ? undefined : readEncryption({ encryption: keys }, problems);
  try {
    problems.throwIfAny();
  } catch (error) {
    throw usageError(sentenceOf(error as CacheConfigurationError));
  }
  return { redis: redis!, namespace, keyPrefix: said.text('key-prefix') ?? '', timeoutMs, encryption };
}

/** As they are called here, not in the options of the module. */
const sentenceOf = ({ problems }: CacheConfigurationError): string =>
  problems
    .map(({ where, problem }) => {
      if (where.startsWith('encryption')) return `CACHE_ENCRYPTION_KEYS: ${problem}; it takes <id>=<key>, …`;
      return `${where.replace(/^redis\.?/, '--')}: ${problem}`;
    })
    .join('\n');

type Address = Record<string, unknown>;

function addressOf(said: Said): Address {
  const ways = (['url', 'cluster', 'sentinels'] as const).filter((way) => said.text(way) !== undefined);
  if (ways.length > 1) throw usageError(`--${ways.join(' and --')} were given; one of them says where Redis is`);
  const options = driverOptions(said);
  switch (ways[0]) {
    case 'cluster':
      return { cluster: nodesOf('cluster', said.text('cluster')!), options };
    case 'sentinels': {
      const name = said.text('name');
      if (name === undefined) throw usageError('--sentinels needs --name, by which the sentinels know the master');
      return { sentinels: nodesOf('sentinels', said.text('sentinels')!), name, options };
    }
    default: {
      const url = said.text('url', 'CACHE_REDIS_URL');
      if (url !== undefined) return { url, options };
      throw usageError(
        'where is Redis? Say --url redis://host:6379, --cluster, or --sentinels; or set CACHE_REDIS_URL',
      );
    }
  }
}

/** Passwords come from the environment: a command line can be read by everybody on the machine. */
function driverOptions(said: Said): object {
  const all = {
    username: said.variable('CACHE_REDIS_USERNAME'),
    password: said.variable('CACHE_REDIS_PASSWORD'),
    sentinelPassword: said.variable('CACHE_SENTINEL_PASSWORD'),
    tls: said.flag('tls') ? {} : undefined,
    connectionName: undefined,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function nodesOf(option: string, text: string): RedisNode[] {
  return text.split(',').map((part) => {
    const [, host, port] = /^\s*(\[[^\]]+\]|[^\s:/]+)(?::(\d{1,5}))?\s*$/.exec(part) ?? [];
    if (host === undefined)
      throw usageError(`--${option} got '${part.trim()}'; it takes host:port, several of them with commas between`);
    return { host: host.replaceAll(/[[\]]/g, ''), ...(port === undefined ? {} : { port: Number(port) }) };
  });
}

function namespaceOf(said: Said): string {
  const text = said.text('namespace', 'CACHE_NAMESPACE');
  if (text === undefined)
    throw usageError('which application? Say --namespace, as in its options (`namespace`); or set CACHE_NAMESPACE');
  const namespace = namespaceRule.read(text);
  if (namespace === undefined) throw usageError(`--namespace got '${text}'; it takes ${namespaceRule.takes}`);
  return namespace;
}

/** `id=base64, id=base64`: all of them can open entries. */
function keysOf(text: string | undefined): { keys: Record<string, string>; current: string } | undefined {
  if (text === undefined) return undefined;
  const pairs = text.split(',').map((pair) => {
    const [, id, key] = /^\s*([^=\s]+)=(\S+)\s*$/.exec(pair) ?? [];
    if (key === undefined)
      throw usageError('CACHE_ENCRYPTION_KEYS takes <id>=<key as base64>, several with commas between');
    return [id!, key] as const;
  });
  return { keys: Object.fromEntries(pairs), current: pairs[0]![0] };
}
