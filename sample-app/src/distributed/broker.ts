import { isInstalled } from '../servers/local-process.js';
import { LocalServer } from '../servers/local-server.js';
import { MOSQUITTO, NATS, RABBITMQ, REDIS } from '../servers/programs.js';
import type { BrokerAddress, BrokerName } from './transports.js';

export interface Broker {
  address: BrokerAddress;
  /** Undefined where somebody else has started it. */
  own: LocalServer | undefined;
}

const PROGRAMS = { nats: NATS, redis: REDIS, mqtt: MOSQUITTO, rabbitmq: RABBITMQ };

/**
 * Throws an error whose message says what to do if there is none.
 *
 * @param wanted undefined: NATS if it is on this machine, else Redis, which each service needs anyway
 * @param url of one that is running already
 */
export async function openBroker(wanted: BrokerName | undefined, url: string | undefined): Promise<Broker> {
  const name = wanted ?? (NATS.needs.every(isInstalled) ? 'nats' : 'redis');
  if (url !== undefined) return { address: { name, url }, own: undefined };
  if (name === 'kafka') throw new Error(KAFKA);
  const own = await LocalServer.start(PROGRAMS[name]);
  return { address: { name, url: own.url }, own };
}

const KAFKA = `A Kafka is neither installed nor started from here, and nothing happens to yours. Name one that is running:
--broker kafka --broker-url 127.0.0.1:9092
with the topic cache.invalidate, unless it creates topics by itself.`;
