import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectNats } from '@nats-io/transport-node';
import { connect as connectRabbit } from 'amqplib';
import { Kafka, logLevel } from 'kafkajs';
import { connectAsync as connectMqtt } from 'mqtt';
import { describe, expect, it, type TestContext } from 'vitest';
import { runScript } from '../../support/script.js';
import { eventually } from '../../support/servers/eventually.js';
import { startKafkaMock, type KafkaMock } from '../../support/servers/kafka-mock.js';
import { startMosquitto, type MosquittoServer } from '../../support/servers/mosquitto.js';
import { startNats, type NatsServer } from '../../support/servers/nats.js';
import { startRabbit, type RabbitServer } from '../../support/servers/rabbitmq.js';

async function ended<Server extends { stop(): Promise<void> }>(
  server: Promise<Server>,
  { onTestFinished }: TestContext,
): Promise<Server> {
  const started = await server;
  onTestFinished(async () => started.stop());
  return started;
}

const isAlive = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

const descendantsOf = (pid: number): number[] => [pid, ...childrenOf(pid).flatMap(descendantsOf)];

/** A message to oneself. */
async function throughNats({ url }: NatsServer): Promise<string> {
  const connection = await connectNats({ servers: url, reconnect: false });
  const subscription = connection.subscribe('subject', { max: 1 });
  connection.publish('subject', 'hello');
  let text = '';
  for await (const message of subscription) text += message.string();
  await connection.close();
  return text;
}

async function throughMosquitto({ url }: MosquittoServer): Promise<string> {
  const client = await connectMqtt(url, { reconnectPeriod: 0 });
  await client.subscribeAsync('topic');
  const message = new Promise<string>((resolve) => client.once('message', (_topic, text) => resolve(text.toString())));
  await client.publishAsync('topic', 'hello');
  const text = await message;
  await client.endAsync();
  return text;
}

async function throughRabbit({ url }: RabbitServer): Promise<string> {
  const connection = await connectRabbit(url);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue('queue', { durable: false });
  channel.sendToQueue('queue', Buffer.from('hello'));
  await channel.waitForConfirms();
  const message = await channel.get('queue', { noAck: true });
  await connection.close();
  return message === false ? 'no message' : message.content.toString();
}

async function throughKafka({ brokers }: KafkaMock): Promise<string> {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING });
  const [producer, consumer] = [kafka.producer(), kafka.consumer({ groupId: 'group', maxWaitTimeInMs: 10 })];
  await Promise.all([producer.connect(), consumer.connect()]);
  await producer.send({ topic: 'topic', messages: [{ value: 'hello' }] });
  await consumer.subscribe({ topic: 'topic', fromBeginning: true });
  const text = new Promise<string>((resolve, reject) => {
    const eachMessage = async ({ message }: { message: { value: Buffer | null } }) => resolve(String(message.value));
    consumer.run({ eachMessage }).catch(reject);
  });
  const received = await text;
  await Promise.all([producer.disconnect(), consumer.disconnect()]);
  return received;
}

describe.concurrent('a server', () => {
  it('of NATS carries messages, comes back on its port and leaves nothing when it is stopped', async (test) => {
    const server = await ended(startNats(), test);
    expect(await throughNats(server)).toBe('hello');
    await server.kill();
    await expect(throughNats(server)).rejects.toThrow('connection refused');
    await server.restart();
    expect(await throughNats(server)).toBe('hello');
    await expectNothingLeft(server, [server.pid]);
  });

  it('of Mosquitto carries messages, comes back on its port and leaves nothing when it is stopped', async (test) => {
    const server = await ended(startMosquitto(), test);
    expect(await throughMosquitto(server)).toBe('hello');
    await server.kill();
    await expect(connectMqtt(server.url, { reconnectPeriod: 0 }, false)).rejects.toThrow('ECONNREFUSED');
    await server.restart();
    expect(await throughMosquitto(server)).toBe('hello');
    await expectNothingLeft(server, [server.pid]);
  });

  it('of RabbitMQ carries messages and leaves nothing when it is stopped', async (test) => {
    const server = await ended(startRabbit(), test);
    expect(await throughRabbit(server)).toBe('hello');
    const pids = [...descendantsOf(server.pid), server.mapperPid];
    expect(pids.length).toBeGreaterThan(2);
    await expectNothingLeft(server, pids);
    await expect(throughRabbit(server)).rejects.toThrow('ECONNREFUSED');
  });

  it('that speaks Kafka carries messages and leaves nothing when it is stopped', async (test) => {
    const server = await ended(startKafkaMock({ brokers: 2 }), test);
    expect(server.brokers).toHaveLength(2);
    expect(await throughKafka(server)).toBe('hello');
    await expectNothingLeft(server, [server.pid]);
  });
});

async function expectNothingLeft(server: { stop(): Promise<void> }, pids: number[]): Promise<void> {
  const processes = ['process', 'node', 'mapper'].map((name) => Reflect.get(server, name) as unknown);
  const folders = processes.flatMap((each) => {
    return each === undefined ? [] : [(each as { launch: { folder: string } }).launch.folder];
  });
  expect([pids.every(isAlive), folders.every(existsSync)]).toEqual([true, true]);
  await server.stop();
  await eventually('its processes are gone', () => !pids.some(isAlive));
  expect(folders.filter(existsSync)).toEqual([]);
}

describe.concurrent('a server of a process that is killed', () => {
  it.for(['nats', 'mosquitto', 'rabbitmq', 'kafka-mock'] as const)('ends with it: %s', async (file, test) => {
    const child = await runScript(`
      import * as servers from './test/support/servers/${file}.js';
      const [start] = Object.entries(servers).flatMap(([name, value]) => (name.startsWith('start') ? [value] : []));
      const server = await start();
      const processes = [server.process, server.node, server.mapper].filter(Boolean);
      console.log(JSON.stringify(processes.map(({ pid, launch }) => ({ pid, folder: launch.folder }))));
      setInterval(() => {}, 1_000);`);
    test.onTestFinished(() => void child.kill('SIGKILL'));
    const [line] = (await once(child.stdout!, 'data')) as [Buffer];
    const processes = JSON.parse(line.toString()) as { pid: number; folder: string }[];
    test.onTestFinished(() => {
      for (const { folder } of processes) rmSync(folder, { recursive: true, force: true });
    });
    const pids = processes.flatMap(({ pid }) => descendantsOf(pid));
    expect(pids.length).toBeGreaterThan(file === 'rabbitmq' ? 2 : 0);
    expect(pids.every(isAlive)).toBe(true);
    child.kill('SIGKILL');
    await eventually('all of it is gone', () => !pids.some(isAlive));
  });
});
