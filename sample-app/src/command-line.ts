import { parseArgs } from 'node:util';
import { BROKERS, type BrokerName } from './distributed/transports.js';

export interface Settings {
  requests: number;
  warmUp: number;
  seed: number;
  concurrency: number;
  port: number;
  report: string;
  json: string | undefined;
  once: boolean;
  /** Several processes that share a Redis. */
  redis: boolean;
  /** A process each for the gateway and the services, which tell each other over a broker. */
  distributed: boolean;
  /** `undefined`: what there is. */
  broker: BrokerName | undefined;
  brokerUrl: string | undefined;
  /** The services tell nobody. */
  mute: boolean;
  help: boolean;
}

export const HELP = `Starts the shop, drives it without and with the cache, and says what that did.

  npm start -- [options]             the shop in one process
  npm run start:redis -- [options]   in three that share a Redis, which is killed and frozen on the way
  npm run start:distributed -- [options]
                                     gateway and services in a process and with a Redis each: they tell each other over
                                     a broker, and are killed on the way, and so is the broker

  --once               exit after the report instead of staying up
  --json FILE          write the figures as JSON
  --report FILE        where the HTML report goes         (.tmp/shop-report.html)
  --requests N         measured requests of each run      (5000)
  --warm-up N          requests before those, not measured (3000)
  --concurrency N      requests under way at a time       (12)
  --seed N             another seed, other traffic        (1)
  --port N             where the shop listens, 0: any     (3000)
  --help               this text

  --broker NAME        of start:distributed: nats, redis, mqtt, rabbitmq or kafka  (nats, or redis if there is none)
  --broker-url URL     one that is running; nothing happens to it. A Kafka has to be: host:port,host:port
  --mute               nobody tells anybody anything, to see that the witness finds it

  DATABASE_URL         a Postgres to use instead of the embedded one
  REDIS_URL            a Redis to use instead of starting one; nothing happens to it
`;

/** Throws an error whose message is meant for the one who typed. */
export function readCommandLine(args: string[]): Settings {
  const { values } = parseArgs({
    args,
    options: {
      once: { type: 'boolean', default: false },
      redis: { type: 'boolean', default: false },
      distributed: { type: 'boolean', default: false },
      broker: { type: 'string' },
      'broker-url': { type: 'string' },
      mute: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      json: { type: 'string' },
      report: { type: 'string', default: '.tmp/shop-report.html' },
      requests: { type: 'string', default: '5000' },
      'warm-up': { type: 'string', default: '3000' },
      concurrency: { type: 'string', default: '12' },
      seed: { type: 'string', default: '1' },
      port: { type: 'string', default: '3000' },
    },
  });
  const number = (name: 'requests' | 'warm-up' | 'concurrency' | 'seed' | 'port', min: number, max: number): number => {
    const value = /^\d+$/.test(values[name]) ? Number(values[name]) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new Error(`--${name} takes a whole number from ${min} to ${max}, not "${values[name]}"`);
  };
  const broker = BROKERS.find((name) => name === values.broker);
  if (!broker && values.broker !== undefined)
    throw new Error(`--broker takes ${BROKERS.join(', ')}, not "${values.broker}"`);
  if (!broker && values['broker-url'] !== undefined) throw new Error('--broker-url takes --broker as well');
  if (values.distributed && values.redis) throw new Error('Take --redis or --distributed, not both');
  return {
    requests: number('requests', 1, 10_000_000),
    warmUp: number('warm-up', 0, 10_000_000),
    seed: number('seed', 0, 0xffff_ffff),
    concurrency: number('concurrency', 1, 1_000),
    port: number('port', 0, 65_535),
    report: values.report,
    json: values.json,
    once: values.once,
    redis: values.redis,
    distributed: values.distributed,
    broker,
    brokerUrl: values['broker-url'],
    mute: values.mute,
    help: values.help,
  };
}
