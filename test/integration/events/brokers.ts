import type { KafkaOptions, MicroserviceOptions } from '@nestjs/microservices';
import { connect } from 'amqplib';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import type { CacheEventsOptions, EventTransport } from 'nestjs-hybrid-cache/events';
import { startKafkaMock } from '../../support/servers/kafka-mock.js';
import { startMosquitto } from '../../support/servers/mosquitto.js';
import { startNats } from '../../support/servers/nats.js';
import { freePorts } from '../../support/servers/ports.js';
import { startRabbit } from '../../support/servers/rabbitmq.js';
import { startRedis } from '../../support/servers/redis-server.js';

/** Who gets an event: every process, or one of each service. */
export type Reach = 'everyone' | 'one';

/** A process, as the code of the pages calls it. */
export interface ProcessName {
  readonly service: string;
  readonly process: number;
}

/** A broker that runs, or for TCP nothing. */
export interface Broker {
  /** What the code of the page calls its address; of each process another one where there is no broker. */
  names(process: number): Readonly<Record<string, unknown>>;
  /** Whether these processes have got everything that was sent, where the broker knows that and it isn't clear anyway. */
  isCaughtUp?(processes: readonly ProcessName[], reach: Reach): Promise<boolean>;
  /** Events that the broker keeps for a service which nobody listens for, where it does that in a queue. */
  waiting?(service: string): Promise<number>;
  /** It is gone, with everything that it keeps in memory. */
  takeDown(): Promise<void>;
  bringBack(): Promise<void>;
  stop(): Promise<void>;
}

export interface BrokerKind {
  readonly name: EventTransport;
  /** Of docs/transports. */
  readonly page: string;
  readonly reaches: readonly Reach[];
  /** What has to be said to `CacheEventsModule` as well, as the page says. */
  readonly events?: (reach: Reach, service: string) => CacheEventsOptions;
  /** More events at a time than this are too much for it. */
  readonly atATime?: number;
  /** Whether what is sent while it is away arrives later. */
  readonly keeps: (reach: Reach) => boolean;
  /** What the server of the tests needs beside what the page prints. */
  readonly adapt?: (server: MicroserviceOptions) => MicroserviceOptions;
  start(processes: number): Promise<Broker>;
}

interface Server {
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const brokerOn = (server: Server, names: Readonly<Record<string, unknown>>): Broker => ({
  names: () => names,
  takeDown: async () => server.kill(),
  bringBack: async () => server.restart(),
  stop: async () => server.stop(),
});

const tcp: BrokerKind = {
  name: 'tcp',
  page: 'tcp',
  reaches: ['one'],
  keeps: () => false,
  async start(processes) {
    const ports = await freePorts(processes);
    return {
      names: (process) => ({ host: '127.0.0.1', port: ports[process] }),
      takeDown: async () => Promise.reject(new Error('there is no broker')),
      bringBack: async () => Promise.reject(new Error('there is no broker')),
      stop: async () => Promise.resolve(),
    };
  },
};

const redis: BrokerKind = {
  name: 'redis',
  page: 'redis',
  reaches: ['everyone'],
  keeps: () => false,
  async start() {
    const server = await startRedis();
    return brokerOn(server, { host: '127.0.0.1', port: server.port });
  },
};

const nats: BrokerKind = {
  name: 'nats',
  page: 'nats',
  reaches: ['everyone', 'one'],
  keeps: () => false,
  async start() {
    const server = await startNats();
    return brokerOn(server, { url: server.url });
  },
};

const mqtt: BrokerKind = {
  name: 'mqtt',
  page: 'mqtt',
  reaches: ['everyone', 'one'],
  events: (reach, service) => (reach === 'one' ? { pattern: `$share/${service}/cache.invalidate` } : {}),
  // the broker drops what a client hasn't taken when it has a thousand of them
  atATime: 500,
  keeps: () => false,
  async start() {
    const server = await startMosquitto();
    return brokerOn(server, { url: server.url });
  },
};

const rabbit: BrokerKind = {
  name: 'rabbitmq',
  page: 'rabbitmq',
  reaches: ['everyone', 'one'],
  events: (reach) => (reach === 'one' ? { acknowledge: true } : {}),
  keeps: (reach) => reach === 'one',
  async start() {
    const server = await startRabbit();
    return {
      ...brokerOn(server, { url: server.url }),
      async waiting(service) {
        const connection = await connect(server.url);
        const channel = await connection.createChannel();
        const { messageCount } = await channel.checkQueue(`${service}-events`);
        await connection.close();
        return messageCount;
      },
    };
  },
};

const kafka: BrokerKind = {
  name: 'kafka',
  page: 'kafka',
  reaches: ['everyone', 'one'],
  keeps: () => true,
  // the mock answers a fetch only when its time is over, and a real broker as soon as there is something
  adapt(server) {
    const { options } = server as KafkaOptions;
    // who was away comes back as another member, and the group waits for the former one as long as its session lasts
    const consumer = { ...options!.consumer!, maxWaitTimeInMs: 20, sessionTimeout: 3_000, heartbeatInterval: 500 };
    const client = { ...options!.client!, logLevel: logLevel.NOTHING };
    return { ...server, options: { ...options, client, consumer } } as MicroserviceOptions;
  },
  async start() {
    const server = await startKafkaMock();
    const { brokers } = server;
    // the mock makes a topic when somebody asks about it
    await withAdmin(brokers, async (admin) => admin.fetchTopicMetadata({ topics: [EVENTS_TOPIC, 'user.updated'] }));
    return {
      names: (process) => ({ brokers, process }),
      isCaughtUp: async (processes, reach) =>
        withAdmin(brokers, async (admin) => {
          const groups = processes.map(({ service, process }) => (reach === 'one' ? service : `${service}-${process}`));
          const all = await Promise.all(
            [...new Set(groups)].map(async (group) => isGroupCaughtUp(admin, `${group}-server`)),
          );
          return all.every(Boolean);
        }),
      takeDown: async () => server.takeDown(),
      bringBack: async () => server.bringBack(),
      stop: async () => server.stop(),
    };
  },
};

const EVENTS_TOPIC = 'cache.invalidate';

async function withAdmin<Result>(brokers: string[], act: (admin: Admin) => Promise<Result>): Promise<Result> {
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await act(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Of a partition that a group has never got anything from, it isn't known where it began. */
async function isGroupCaughtUp(admin: Admin, groupId: string): Promise<boolean> {
  const [sent, [taken]] = await Promise.all([
    admin.fetchTopicOffsets(EVENTS_TOPIC),
    admin.fetchOffsets({ groupId, topics: [EVENTS_TOPIC] }),
  ]);
  const ends = new Map(taken!.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
  return sent.every(({ partition, offset }) => Number(offset) > 0 && ends.get(partition) === Number(offset));
}

export const BROKERS: readonly BrokerKind[] = [tcp, redis, nats, mqtt, rabbit, kafka];
