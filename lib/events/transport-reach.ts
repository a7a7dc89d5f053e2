import type { EventTransport, GapPolicy } from './events-options.interface.js';

/** What a transport does with an event, by its options. */
export interface TransportReach {
  readonly transport: EventTransport;
  /** Who gets an event: every process, or one of those that share a queue or a group. */
  readonly reach: 'everyone' | 'one';
  /** What it means to have been away. */
  readonly onGap: GapPolicy;
}

/** As far as it matters here: Nest's options of a transport. */
interface ServerOptions {
  readonly queue?: unknown;
  readonly exchangeType?: unknown;
  readonly queueOptions?: { readonly durable?: unknown; readonly exclusive?: unknown; readonly autoDelete?: unknown };
  readonly clean?: unknown;
  readonly subscribeOptions?: { readonly qos?: unknown };
}

/** Nest's `Transport`, which the core can do without. */
const NUMBERS: Readonly<Record<number, EventTransport>> = {
  0: 'tcp',
  1: 'redis',
  2: 'nats',
  3: 'mqtt',
  5: 'rabbitmq',
  6: 'kafka',
};

/** Which of the transports it is. @param transportId `Transport` of @nestjs/microservices */
export const transportOf = (transportId: unknown): EventTransport =>
  typeof transportId === 'number' ? (NUMBERS[transportId] ?? 'custom') : 'custom';

/**
 * What can be told from the options of a transport. Of one that is somebody's own, nothing: it is taken for one that
 * reaches everyone and keeps nothing.
 */
export const reachOf = (transport: EventTransport, options: object = {}): TransportReach => ({
  transport,
  ...RULES[transport](options),
});

type Rule = (options: ServerOptions) => Omit<TransportReach, 'transport'>;

const RULES: Readonly<Record<EventTransport, Rule>> = {
  // whoever sends has a connection to one process, and learns when it is broken
  tcp: () => ({ reach: 'one', onGap: 'nothing' }),
  // https://redis.io/docs/latest/develop/pubsub/#delivery-semantics
  redis: () => ({ reach: 'everyone', onGap: 'expire' }),
  // https://docs.nats.io/nats-concepts/core-nats: at most once
  nats: ({ queue }) => ({ reach: queue === undefined ? 'everyone' : 'one', onGap: 'expire' }),
  // with a session that is kept, the broker keeps what comes with a quality of service of 1 and more
  mqtt: ({ clean, subscribeOptions }) => ({
    reach: 'everyone',
    onGap: clean === false && Number(subscribeOptions?.qos) >= 1 ? 'nothing' : 'expire',
  }),
  rabbitmq: ({ queue, exchangeType, queueOptions = {} }) => {
    const isOwn = queue === '' || queueOptions.exclusive === true;
    const isKept = !isOwn && queueOptions.durable !== false && queueOptions.autoDelete !== true;
    return { reach: isOwn && exchangeType !== undefined ? 'everyone' : 'one', onGap: isKept ? 'nothing' : 'expire' };
  },
  // a group goes on where it was
  kafka: () => ({ reach: 'one', onGap: 'nothing' }),
  custom: () => ({ reach: 'everyone', onGap: 'expire' }),
  'redis-channel': () => ({ reach: 'everyone', onGap: 'expire' }),
  'redis-stream': () => ({ reach: 'one', onGap: 'nothing' }),
};
