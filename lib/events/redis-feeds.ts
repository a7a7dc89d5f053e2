import type { Runtime } from '../cache.runtime.js';
import { OptionReader, record, show, type Problems, type Rule } from '../options/option-reader.js';
import { resolveRedisOptions } from '../options/redis-options.js';
import type { ResolvedRedisOptions } from '../options/redis-options.interface.js';
import { clientFactory, loadIoredis, type OpenClient } from '../redis/ioredis-clients.js';
import type { EventLog } from './event-log.js';
import { RedisChannel } from './redis-channel.js';
import type { RedisFeedOptions } from './redis-feed-options.js';
import { RedisStream } from './redis-stream.js';
import { reachOf } from './transport-reach.js';
import type { TransportWatch } from './transport-watch.js';

export interface ResolvedRedisFeeds {
  readonly connection: ResolvedRedisOptions;
  readonly channel: string | undefined;
  readonly stream: string | undefined;
  readonly group: string;
}

const WHERE = 'CacheEventsModule.redis';
const name: Rule<string> = {
  takes: 'a text of 1 to 500 characters',
  read: (given) => (typeof given === 'string' && given !== '' && given.length <= 500 ? given : undefined),
};

/** @param own the Redis and the namespace of the cache */
export function resolveRedisFeeds(
  given: RedisFeedOptions | undefined,
  own: { readonly redis: ResolvedRedisOptions | undefined; readonly namespace: string } | undefined,
  problems: Problems,
): ResolvedRedisFeeds | undefined {
  if (given === undefined) return undefined;
  const object = record<RedisFeedOptions>('{ channel, stream, group, connection }').read(given);
  if (object === undefined) {
    problems.add(WHERE, `got ${show(given)}; takes { channel, stream, group, connection }`);
    return undefined;
  }
  const reader = new OptionReader(object, WHERE, problems);
  reader.refuseUnknown(['connection', 'channel', 'stream', 'group']);
  const channel = reader.take('channel', name);
  const stream = reader.take('stream', name);
  const group = reader.take('group', name) ?? own?.namespace ?? 'cache';
  if (channel === undefined && stream === undefined) problems.add(WHERE, 'needs a `channel`, a `stream`, or both');
  const connection = object.connection === undefined ? own?.redis : resolveRedisOptions(object.connection, problems);
  if (connection === undefined) {
    if (object.connection === undefined)
      problems.add(`${WHERE}.connection`, 'isn’t said, and CacheModule has no `redis` either; give one of them');
    return undefined;
  }
  return { connection, channel, stream, group };
}

/** What is listened to in Redis, until it is closed. */
export interface RedisFeeds {
  close(): Promise<void>;
}

export async function openRedisFeeds(
  { connection, channel, stream, group }: ResolvedRedisFeeds,
  receive: (text: Buffer) => Promise<void>,
  watch: TransportWatch,
  runtime: Runtime,
  log: EventLog,
): Promise<RedisFeeds> {
  const ioredis = connection.target.kind === 'client' ? undefined : await loadIoredis();
  const open: OpenClient = clientFactory(connection, ioredis);
  const openFeed = (): ReturnType<OpenClient> => open('feed');
  const feeds: RedisFeeds[] = [];
  if (channel !== undefined) {
    feeds.push(new RedisChannel(openFeed, channel, receive, watch.open(reachOf('redis-channel')), runtime, log));
  }
  if (stream !== undefined) {
    const line = watch.open(reachOf('redis-stream'));
    const feed = new RedisStream(openFeed, { stream, group, receive, lost: () => line.lost() }, line, runtime, log);
    feed.start();
    feeds.push(feed);
  }
  return { close: async () => void (await Promise.all(feeds.map((feed) => feed.close()))) };
}
