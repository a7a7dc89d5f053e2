import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Command } from './local-process.js';

/** What a server may use on this machine. */
export interface Place {
  /** The first is where it is to listen. */
  ports: readonly [port: number, ...others: number[]];
  /** Of its own. */
  folder: string;
}

export interface ServerProgram {
  scheme: string;
  /** Programs that have to be there. */
  needs: readonly string[];
  /** What to type where one is missing, or how to name another one. */
  install: string;
  instead: string;
  upWithinMs: number;
  command: (place: Place) => Command;
  /** A program that has to run before it. */
  helper?: { command: (place: Place) => Command; port: (place: Place) => number };
}

export const REDIS: ServerProgram = {
  scheme: 'redis',
  needs: ['redis-server'],
  install: 'apt-get install -y redis-server',
  instead: 'REDIS_URL=redis://…',
  upWithinMs: 10_000,
  /** It keeps nothing on disk, so that it begins empty. */
  command({ ports: [port], folder }) {
    const settings = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'no' };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    return { program: 'redis-server', args };
  },
};

export const NATS: ServerProgram = {
  scheme: 'nats',
  needs: ['nats-server'],
  install: 'apt-get install -y nats-server',
  instead: '--broker-url nats://…',
  upWithinMs: 10_000,
  command: ({ ports: [port] }) => ({ program: 'nats-server', args: ['--addr', '127.0.0.1', '--port', String(port)] }),
};

export const MOSQUITTO: ServerProgram = {
  scheme: 'mqtt',
  needs: ['mosquitto'],
  install: 'apt-get install -y mosquitto',
  instead: '--broker-url mqtt://…',
  upWithinMs: 10_000,
  command({ ports: [port], folder }) {
    const file = join(folder, 'mosquitto.conf');
    // one that root starts becomes another user, and would no longer end with this process
    const lines = [`listener ${port} 127.0.0.1`, 'allow_anonymous true', `user ${userInfo().username}`];
    writeFileSync(file, `${lines.join('\n')}\npersistence false\nset_tcp_nodelay true\n`);
    return { program: 'mosquitto', args: ['-c', file] };
  },
};

/** What is in the PATH is a wrapper that becomes another user. */
const RABBITMQ_SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server';

export const RABBITMQ: ServerProgram = {
  scheme: 'amqp',
  needs: [RABBITMQ_SERVER, 'epmd'],
  install: 'apt-get install -y --no-install-recommends rabbitmq-server',
  instead: '--broker-url amqp://…',
  upWithinMs: 90_000,
  // a node that finds no port mapper starts one, which stays behind for ever
  helper: {
    command: ({ ports }) => ({ program: 'epmd', args: ['-address', '127.0.0.1', '-port', String(ports[1])] }),
    port: ({ ports }) => ports[1] ?? 0,
  },
  command({ ports: [port, mapper, distribution], folder }) {
    const config = join(folder, 'rabbitmq.conf');
    const plugins = join(folder, 'plugins');
    writeFileSync(config, `listeners.tcp.1 = 127.0.0.1:${port}\n`);
    writeFileSync(plugins, '[].');
    const env = {
      HOME: folder,
      // the script becomes the node, so that what is killed is the node
      RUNNING_UNDER_SYSTEMD: 'true',
      RABBITMQ_NODENAME: `shop${port}@localhost`,
      RABBITMQ_MNESIA_BASE: folder,
      RABBITMQ_LOGS: join(folder, 'node.log'),
      RABBITMQ_CONFIG_FILE: config,
      RABBITMQ_ENABLED_PLUGINS_FILE: plugins,
      RABBITMQ_DIST_PORT: String(distribution),
      ERL_EPMD_PORT: String(mapper),
      ERL_EPMD_ADDRESS: '127.0.0.1',
    };
    return { program: RABBITMQ_SERVER, args: [], env };
  },
};
