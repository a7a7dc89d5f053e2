import type { RedisOptions } from '../options/redis-options.interface.js';

/** Events over Redis itself, for senders that don't speak Nest. Either `channel` or `stream`, or both. */
export interface RedisFeedOptions {
  /** Where; as the `redis` of `CacheModule`, which is the default. */
  readonly connection?: RedisOptions | undefined;
  /** Pub/sub: every process gets what is published while it is connected. */
  readonly channel?: string | undefined;
  /** A stream: what is added is kept, and one process of the group gets it. The field `event` holds the JSON. */
  readonly stream?: string | undefined;
  /** The group of the stream's consumers, one for each service. Default the cache's `namespace`. */
  readonly group?: string | undefined;
}
