import { Transport, type ClientProviderOptions, type MicroserviceOptions } from '@nestjs/microservices';

export const BROKERS = ['nats', 'redis', 'rabbitmq', 'mqtt', 'kafka'] as const;
export type BrokerName = (typeof BROKERS)[number];

export interface BrokerAddress {
  name: BrokerName;
  url: string;
}

/** The token of the client that events are sent over. */
export const EVENTS = 'EVENTS';

/** How often somebody looks whether a broker is back. */
const AGAIN_MS = 200;
/** The least that a cluster allows, unless it is told otherwise. */
const KAFKA_SESSION_MS = 6_000;

type ClientOptions = ClientProviderOptions & object;

/** Whoever changes something: docs/transports, `Sending`. */
export function senderTo(broker: BrokerAddress): ClientOptions {
  const { url } = broker;
  switch (broker.name) {
    case 'nats':
      return { name: EVENTS, transport: Transport.NATS, options: natsOptions(url) };
    case 'redis':
      return { name: EVENTS, transport: Transport.REDIS, options: redisOptions(url) };
    case 'mqtt':
      return { name: EVENTS, transport: Transport.MQTT, options: { url, reconnectPeriod: AGAIN_MS } };
    case 'rabbitmq':
      return { name: EVENTS, transport: Transport.RMQ, options: { ...rabbitOptions(url), persistent: true } };
    case 'kafka':
      return { name: EVENTS, transport: Transport.KAFKA, options: { ...kafkaOptions(url), producerOnlyMode: true } };
  }
}

/** Whoever caches: docs/transports, `Every process`, and of Kafka `One process of each service`. */
export function listenerTo(broker: BrokerAddress): MicroserviceOptions {
  const { url } = broker;
  switch (broker.name) {
    case 'nats':
      return { transport: Transport.NATS, options: natsOptions(url) };
    case 'redis':
      return { transport: Transport.REDIS, options: redisOptions(url) };
    case 'mqtt':
      return { transport: Transport.MQTT, options: { url, reconnectPeriod: AGAIN_MS } };
    case 'rabbitmq': {
      const queue = { queue: '', queueOptions: { exclusive: true, autoDelete: true } };
      return { transport: Transport.RMQ, options: { ...rabbitOptions(url), ...queue } };
    }
    case 'kafka': {
      // who is killed is still a member of its group until this is over, and the next one gets nothing
      const member = { sessionTimeout: KAFKA_SESSION_MS, heartbeatInterval: AGAIN_MS };
      const consumer = { groupId: 'shop-gateway', ...member, maxWaitTimeInMs: AGAIN_MS };
      const subscribe = { fromBeginning: true };
      const run = { partitionsConsumedConcurrently: 4 };
      return { transport: Transport.KAFKA, options: { ...kafkaOptions(url), consumer, subscribe, run } };
    }
  }
}

// the defaults give up after ten attempts
const natsOptions = (url: string) => ({ servers: [url], maxReconnectAttempts: -1, reconnectTimeWait: AGAIN_MS });

function redisOptions(url: string) {
  const { hostname: host, port } = new URL(url);
  return { host, port: Number(port || 6379), retryAttempts: 1_000_000, retryDelay: AGAIN_MS };
}

/** @param addresses with commas between them */
const kafkaOptions = (addresses: string) => ({
  client: { brokers: addresses.replaceAll('kafka://', '').split(','), retry: { maxRetryTime: 1_000 } },
});

const rabbitOptions = (url: string) => ({
  urls: [url],
  socketOptions: { reconnectTimeInSeconds: AGAIN_MS / 1000 },
  exchange: 'cache-events',
  exchangeType: 'fanout' as const,
});
