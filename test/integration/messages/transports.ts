import type { ExecutionContext } from '@nestjs/common';
import {
  Transport,
  MqttRecordBuilder,
  NatsRecordBuilder,
  RmqRecordBuilder,
  type ClientKafka,
  type ClientOptions,
  type ClientProxy,
  type KafkaContext,
  type MicroserviceOptions,
  type MqttContext,
  type NatsContext,
  type RedisContext,
  type RmqContext,
  type TcpContext,
} from '@nestjs/microservices';
import { headers } from '@nats-io/transport-node';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { startKafkaMock } from '../../support/servers/kafka-mock.js';
import { startMosquitto } from '../../support/servers/mosquitto.js';
import { startNats } from '../../support/servers/nats.js';
import { freePorts } from '../../support/servers/ports.js';
import { startRabbit } from '../../support/servers/rabbitmq.js';
import { startRedis } from '../../support/servers/redis-server.js';
import { ROOMS } from './rooms.js';

/** What an application says to Nest to listen, and what its client says to reach it. */
export interface Line {
  readonly server: MicroserviceOptions;
  readonly client: ClientOptions;
}

/** A broker that runs, or for TCP nothing. */
export interface Broker {
  /** @param application keeps the messages of several applications apart */
  line(application: string): Promise<Line>;
  stop(): Promise<void>;
}

/** One of Nest's transports. */
export interface TransportKind {
  readonly name: string;
  start(): Promise<Broker>;
  /** Words as a pattern. */
  pattern(...words: string[]): string;
  /** A pattern for all of `[…before, any word, …after]`; undefined where there is none. */
  wildcard?(before: string, after: string): string | RegExp;
  /** How many messages an application takes in before it has answered the first. */
  readonly parallel: number;
  /** How many messages of a pattern there are. Only where an application takes in what is there, and then no more. */
  sent?(client: ClientProxy, pattern: string): Promise<number>;
  /** The data, in a message that says beside them who asks. */
  signed(data: object, caller: string): object;
  callerOf(context: ExecutionContext): string | undefined;
  /** Readies a client for messages of these patterns, while the application starts. */
  prepare?(client: ClientProxy, patterns: readonly string[]): void | Promise<void>;
}

const dotted = (...words: string[]): string => words.join('.');
const unbounded = 20;

/** For transports whose packets have metadata, which only a hook of the client can set. */
const callers = new WeakMap<object, string>();
const signBeside = (data: object, caller: string): object => {
  const signed = { ...data };
  callers.set(signed, caller);
  return signed;
};
const tellCaller = (client: ClientProxy): void =>
  client.setOnDispatchHook((packet) => {
    const caller = callers.get(packet.data as object);
    if (caller !== undefined) packet.metadata = { caller };
  });
const callerInMetadata = (context: ExecutionContext): string | undefined =>
  (context.switchToRpc().getContext<TcpContext | RedisContext>().getMetadata() as { caller?: string } | undefined)
    ?.caller;

const tcp: TransportKind = {
  name: 'TCP',
  pattern: dotted,
  parallel: unbounded,
  signed: signBeside,
  prepare: tellCaller,
  callerOf: callerInMetadata,
  async start() {
    return {
      async line() {
        const [port] = (await freePorts(1)) as [number];
        const options = { host: '127.0.0.1', port };
        return { server: { transport: Transport.TCP, options }, client: { transport: Transport.TCP, options } };
      },
      async stop() {},
    };
  },
};

const redis: TransportKind = {
  name: 'Redis',
  pattern: dotted,
  wildcard: (before, after) => dotted(before, '*', after),
  parallel: unbounded,
  signed: signBeside,
  prepare: tellCaller,
  callerOf: callerInMetadata,
  async start() {
    const server = await startRedis();
    const { port } = server;
    return {
      async line() {
        const options = { host: '127.0.0.1', port };
        return {
          server: { transport: Transport.REDIS, options: { ...options, wildcards: true } },
          client: { transport: Transport.REDIS, options },
        };
      },
      stop: async () => server.stop(),
    };
  },
};

const nats: TransportKind = {
  name: 'NATS',
  pattern: dotted,
  wildcard: (before, after) => dotted(before, '*', after),
  parallel: unbounded,
  signed(data, caller) {
    const list = headers();
    list.set('caller', caller);
    return new NatsRecordBuilder(data).setHeaders(list).build();
  },
  callerOf: (context) => context.switchToRpc().getContext<NatsContext>().getHeaders()?.get('caller'),
  async start() {
    const server = await startNats();
    return {
      async line() {
        const options = { servers: [server.url] };
        return { server: { transport: Transport.NATS, options }, client: { transport: Transport.NATS, options } };
      },
      stop: async () => server.stop(),
    };
  },
};

const mqtt: TransportKind = {
  name: 'MQTT',
  pattern: (...words) => words.join('/'),
  wildcard: (before, after) => [before, '+', after].join('/'),
  parallel: unbounded,
  signed: (data, caller) => new MqttRecordBuilder(data).setProperties({ userProperties: { caller } }).build(),
  callerOf: (context) => {
    const packet = context.switchToRpc().getContext<MqttContext>().getPacket() as {
      properties?: { userProperties?: { caller?: string } };
    };
    return packet.properties?.userProperties?.caller;
  },
  async start() {
    const server = await startMosquitto();
    return {
      async line() {
        const options = { url: server.url, protocolVersion: 5 as const };
        return { server: { transport: Transport.MQTT, options }, client: { transport: Transport.MQTT, options } };
      },
      stop: async () => server.stop(),
    };
  },
};

const rabbit: TransportKind = {
  name: 'RabbitMQ',
  pattern: dotted,
  wildcard: (before, after) => dotted(before, '*', after),
  parallel: unbounded,
  signed: (data, caller) => new RmqRecordBuilder(data).setOptions({ headers: { caller } }).build(),
  callerOf: (context) => {
    const message = context.switchToRpc().getContext<RmqContext>().getMessage() as {
      properties: { headers?: { caller?: string } };
    };
    return message.properties.headers?.caller;
  },
  async start() {
    const server = await startRabbit();
    return {
      async line(application) {
        const options = { urls: [server.url], queue: application, queueOptions: { durable: false }, wildcards: true };
        return { server: { transport: Transport.RMQ, options }, client: { transport: Transport.RMQ, options } };
      },
      stop: async () => server.stop(),
    };
  },
};

/** Of a topic of the mock cluster. */
const PARTITIONS = 4;

const kafka: TransportKind = {
  name: 'Kafka',
  pattern: dotted,
  wildcard: (before, after) => new RegExp(`^${before}\\.[^.]+\\.${after}$`),
  // one of each partition
  parallel: PARTITIONS,
  signed: (data, caller) => ({ value: data, headers: { caller } }),
  callerOf: (context) => {
    const { headers } = context.switchToRpc().getContext<KafkaContext>().getMessage();
    return headers?.['caller'] === undefined ? undefined : String(headers['caller']);
  },
  async prepare(client, patterns) {
    for (const pattern of patterns) (client as unknown as ClientKafka).subscribeToResponseOf(pattern);
    // joins its group while the application does
    await client.connect();
  },
  async sent(client, topic) {
    return withAdmin((client as unknown as ClientKafka).unwrap<Kafka>(), async (admin) => {
      const partitions = await admin.fetchTopicOffsets(topic);
      return partitions.reduce((sum, { offset }) => sum + Number(offset), 0);
    });
  },
  async start() {
    const server = await startKafkaMock();
    return {
      async line(application) {
        // a pattern that is an expression finds the topics that are there
        await createTopics(
          server.brokers,
          ROOMS.map((room) => dotted(application, 'rooms', room, 'state')),
        );
        const client = { brokers: server.brokers, logLevel: logLevel.NOTHING };
        const common = {
          client,
          consumer: { groupId: application, maxWaitTimeInMs: 10 },
          subscribe: { fromBeginning: true },
          run: { partitionsConsumedConcurrently: PARTITIONS },
        };
        return {
          server: { transport: Transport.KAFKA, options: common },
          client: { transport: Transport.KAFKA, options: common },
        };
      },
      stop: async () => server.stop(),
    };
  },
};

/** The mock has no request for that: topics come into being when somebody asks about them. */
const createTopics = async (brokers: string[], topics: string[]): Promise<unknown> =>
  withAdmin(new Kafka({ brokers, logLevel: logLevel.NOTHING }), async (admin) => admin.fetchTopicMetadata({ topics }));

async function withAdmin<Result>(kafka: Kafka, act: (admin: Admin) => Promise<Result>): Promise<Result> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await act(admin);
  } finally {
    await admin.disconnect();
  }
}

/** The slow starters last: the tests of the others run meanwhile. */
export const TRANSPORTS: readonly TransportKind[] = [tcp, redis, nats, mqtt, kafka, rabbit];
