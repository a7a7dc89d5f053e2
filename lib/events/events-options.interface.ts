import type { InjectionToken } from '@nestjs/common';
import type { ByteSize, Duration } from '../options/duration.js';
import type { OutboxStore } from './outbox/outbox.interface.js';
import type { RedisFeedOptions } from './redis-feed-options.js';

/** What becomes of the caches when a transport was away and may have missed events. */
export type GapPolicy =
  /** Nothing: whoever sends learns that it didn't arrive, or it is delivered late. */
  | 'nothing'
  /** Everything counts as just expired: it is refreshed, and within `grace` still serves meanwhile. */
  | 'expire'
  /** Everything is invalidated. */
  | 'clear';

/** Names of Nest's transports, as far as events go over them, and of what this package listens to by itself. */
export type EventTransport =
  'tcp' | 'redis' | 'nats' | 'mqtt' | 'rabbitmq' | 'kafka' | 'custom' | 'redis-channel' | 'redis-stream';

/** One secret, or several by their ids: all are good for received events, `current` signs those that are sent. */
export type EventSecret = string | { readonly current: string; readonly keys: Readonly<Record<string, string>> };

export interface CacheEventsOptions {
  /**
   * The pattern of events that say what to invalidate, on every connected transport. `false`: none is listened to or
   * sent. Default `cache.invalidate`.
   */
  readonly pattern?: string | false | undefined;
  /** Tokens of the `ClientProxy`s that events are sent over. Default none. */
  readonly clients?: readonly InjectionToken[] | undefined;
  /** Who sends, in the events and in the logs of those who get them. Default the cache's `namespace`. */
  readonly source?: string | undefined;
  /** Events are signed (HMAC-SHA-256), and those that aren't are dropped. Secrets of at least 16 characters. */
  readonly secret?: EventSecret | undefined;
  /** A signed event may be so old, or so far ahead. Default 1 day. */
  readonly signedWithin?: Duration | undefined;
  /** How long an event is remembered, so that it isn't applied twice. Default 10 minutes. */
  readonly rememberFor?: Duration | undefined;
  /** A larger event is dropped. Default 64 KB. */
  readonly maxBytes?: ByteSize | undefined;
  /** An event with more tags, keys and caches is dropped. Default 1,000. */
  readonly maxTargets?: number | undefined;
  /** When one attempt to send is given up. Default 2 seconds. */
  readonly emitTimeout?: Duration | undefined;
  /** Further attempts while a caller waits (`CacheEvents.invalidate`). Default 2. */
  readonly emitRetries?: number | undefined;
  /** How long it is tried while nobody waits (`emit: true`). Default 10 minutes. */
  readonly emitPatience?: Duration | undefined;
  /** Events on their way in the background; one more is dropped and counted. Default 10,000. */
  readonly maxPending?: number | undefined;
  /** When a transport was away: for all of them, or by name. Default by what the transport guarantees; see docs/events.md. */
  readonly onGap?: GapPolicy | Readonly<Partial<Record<EventTransport, GapPolicy>>> | undefined;
  /**
   * Where RabbitMQ's `noAck` is false: whether messages are acknowledged once they are applied. `true`: events of
   * `pattern`; `all`: domain events too, which no handler of yours may acknowledge as well. Default false.
   */
  readonly acknowledge?: boolean | 'all' | undefined;
  /** Decorators for the handler, such as `Public()` for a guard that guards everything. */
  readonly decorators?: readonly MethodDecorator[] | undefined;
  /** A channel and a stream of Redis to listen to without Nest. */
  readonly redis?: RedisFeedOptions | undefined;
  /** Where events wait that are written in the transaction of the change they tell of; looked into each second, or `pollEvery`. */
  readonly outbox?: { readonly store: OutboxStore; readonly pollEvery?: Duration | undefined } | undefined;
}
