import { DEFAULTS } from './cache-options.defaults.js';
import { count, duration, flag, OptionReader, record, type Problems, type Rule } from './option-reader.js';
import type {
  BreakerOptions,
  RedisClientLike,
  RedisCommonOptions,
  RedisDriverOptions,
  RedisNode,
  RedisOptions,
  RedisTarget,
  ResolvedRedisOptions,
} from './redis-options.interface.js';

const WHERE = 'redis';
const WAYS = ['url', 'host', 'client', 'cluster', 'sentinels'] as const;
const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;

/** All that can be said, whichever way was chosen. */
interface Said extends RedisCommonOptions {
  readonly url?: unknown;
  readonly host?: unknown;
  readonly port?: unknown;
  readonly client?: unknown;
  readonly cluster?: unknown;
  readonly sentinels?: unknown;
  readonly name?: unknown;
  readonly options?: RedisDriverOptions | undefined;
}

// what is wrong with an address isn't repeated, because passwords stand in URLs, and URLs are written in every place
const url: Rule<string> = {
  takes: "a text such as 'redis://localhost:6379', or 'rediss://…' for TLS",
  read: (given) => {
    if (typeof given !== 'string' || !/^rediss?:\/\//.test(given)) return undefined;
    return URL.canParse(given) && new URL(given).hostname !== '' ? given : undefined;
  },
  secret: true,
};
const host: Rule<string> = {
  takes: 'the name or address of a server; a URL goes under `url`',
  read: (given) => (typeof given === 'string' && /^[^\s/]+$/.test(given) ? given : undefined),
  secret: true,
};
const port: Rule<number> = {
  takes: 'a whole number from 1 to 65535',
  read: (given) => (Number.isInteger(given) && Number(given) > 0 && Number(given) < 65_536 ? Number(given) : undefined),
};
const client: Rule<RedisClientLike> = {
  takes: 'a client of ioredis 5.4 or later: new Redis(…) or new Cluster(…)',
  read: (given) => {
    const { on, duplicate, callBuffer, status } = (given ?? {}) as Partial<RedisClientLike>;
    const methods = [on, duplicate, callBuffer];
    const isClient = methods.every((method) => typeof method === 'function') && typeof status === 'string';
    return isClient ? (given as RedisClientLike) : undefined;
  },
  secret: true,
};
const nodes = (defaultPort: number): Rule<readonly RedisNode[]> => ({
  takes: 'a list of servers, each { host, port }',
  read: (given) => {
    if (!Array.isArray(given) || given.length === 0) return undefined;
    const read = given.map((node: Partial<RedisNode> | null) => ({
      host: host.read(node?.host),
      port: port.read(node?.port ?? defaultPort),
    }));
    const isComplete = read.every((node) => node.host !== undefined && node.port !== undefined);
    return isComplete ? (read as RedisNode[]) : undefined;
  },
  secret: true,
});
const masterName: Rule<string> = {
  takes: 'the name by which the sentinels know the master',
  read: (given) => (typeof given === 'string' && given !== '' ? given : undefined),
};
const driverOptions: Rule<RedisDriverOptions> = { ...record<RedisDriverOptions>('options of ioredis'), secret: true };
const positiveDuration: Rule<number> = {
  takes: `${duration.takes}; more than 0`,
  read: (given) => {
    const ms = duration.read(given);
    return ms === 0 ? undefined : ms;
  },
};

/** How Redis is reached. @returns `undefined` when that can't be told from what was given */
export function resolveRedisOptions(given: RedisOptions, problems: Problems): ResolvedRedisOptions | undefined {
  const said: Said = given;
  const reader = new OptionReader(said, WHERE, problems);
  reader.refuseUnknown([...WAYS, 'port', 'name', 'options', 'commandTimeout', 'required', 'breaker']);
  const breaker = reader.take('breaker', record<BreakerOptions>('{ failures, probeEvery }')) ?? {};
  const breakerReader = new OptionReader(breaker, `${WHERE}.breaker`, problems);
  breakerReader.refuseUnknown(['failures', 'probeEvery']);
  const rest = {
    options: reader.take('options', driverOptions) ?? {},
    commandTimeoutMs: reader.take('commandTimeout', positiveDuration) ?? DEFAULTS.redisCommandTimeout,
    required: reader.take('required', flag) ?? DEFAULTS.redisRequired,
    breakerFailures: breakerReader.take('failures', count(1)) ?? DEFAULTS.breakerFailures,
    probeEveryMs: breakerReader.take('probeEvery', positiveDuration) ?? DEFAULTS.breakerProbeEvery,
  };
  const ways = WAYS.filter((way) => said[way] !== undefined);
  if (ways.length !== 1) {
    const got = ways.length === 0 ? 'none of them' : ways.join(' and ');
    problems.add(WHERE, `got ${got}; takes exactly one of ${WAYS.join(', ')}`);
    return undefined;
  }
  const target = readTarget(ways[0]!, reader, said, problems);
  return target === undefined ? undefined : Object.freeze({ target, ...rest });
}

function readTarget(
  way: (typeof WAYS)[number],
  reader: OptionReader<Said>,
  said: Said,
  problems: Problems,
): RedisTarget | undefined {
  switch (way) {
    case 'url': {
      const read = reader.take('url', url);
      return read === undefined ? undefined : { kind: 'url', url: read };
    }
    case 'host': {
      const read = reader.take('host', host);
      return read === undefined
        ? undefined
        : { kind: 'host', host: read, port: reader.take('port', port) ?? REDIS_PORT };
    }
    case 'client': {
      const read = reader.take('client', client);
      return read === undefined ? undefined : { kind: 'client', client: read };
    }
    case 'cluster': {
      const read = reader.take('cluster', nodes(REDIS_PORT));
      return read === undefined ? undefined : { kind: 'cluster', nodes: read };
    }
    case 'sentinels': {
      if (said.name === undefined) problems.add(`${WHERE}.name`, `is missing; takes ${masterName.takes}`);
      const name = reader.take('name', masterName);
      const sentinels = reader.take('sentinels', nodes(SENTINEL_PORT));
      return sentinels === undefined || name === undefined ? undefined : { kind: 'sentinel', sentinels, name };
    }
  }
}
