// module
export { CacheEventsModule } from './events.module.js';
export type { CacheEventsExtras } from './events.module-definition.js';
export type { CacheEventsOptions, EventSecret, EventTransport, GapPolicy } from './events-options.interface.js';
export { EVENTS_DEFAULTS } from './resolve-events-options.js';
export { getCacheEventsToken, getCacheOutboxToken } from '../cache.constants.js';

// telling others
export { CacheEvents, type EmissionResult } from './cache-events.js';
export type { CacheEventsStatus, EmittedCounts } from './cache-events-status.js';
export type { ClientResult } from './emission.js';
export type { EventTarget } from '../desk/cache-engine.js';

// with a transaction
export { CacheOutbox } from './outbox/cache-outbox.js';
export type { OutboxStatus } from './outbox/outbox-publisher.js';
export { PostgresOutbox, type PostgresOutboxOptions, type SqlExecutor } from './outbox/postgres-outbox.js';
export type { OutboxBatch, OutboxStore } from './outbox/outbox.interface.js';

// being told
export { InvalidateOn, type InvalidateOnOptions, type MappedEvent } from './invalidate-on.decorator.js';
export type { ReceivedCounts } from './event-counts.js';
export type { InvalidationEvent, Refusal } from './event-format.js';
export type { TransportReach } from './transport-reach.js';
export type { TransportStatus } from './transport-watch.js';
