import { fork } from 'node:child_process';
import { on, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { SENDERS, TRANSPORTS } from '../harness/event-ends.mjs';
import { emptied } from '../harness/redis.mjs';
import { freePort } from '../harness/servers.mjs';
import { quantile } from '../harness/timing.mjs';

const TIMES = 500;
const MANY = 10_000;
const UNDER_WAY = 250;
const OVERDUE_MS = 3_000;
/** More than this, and something is wrong with the scenario. */
const LOST = 5;
const OTHER = fileURLToPath(new URL('../harness/event.process.mjs', import.meta.url));
const nowUs = () => Number(process.hrtime.bigint() / 1_000n);

const variant = (transport, id, label, ends) => ({
  id,
  label,
  async run({ quick }) {
    await emptied();
    const port = await freePort();
    const parameters = [transport, ends.listener, String(port)];
    const other = fork(OTHER, parameters, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    try {
      await once(other, 'message');
      const send = await SENDERS[ends.sender](TRANSPORTS[transport](port));
      const messages = on(other, 'message');
      const alone = await oneByOne(other, messages, send, quick ? TIMES / 10 : TIMES);
      return { ...alone, ...(await manyAtOnce(other, messages, send, quick ? MANY / 10 : MANY)) };
    } finally {
      other.kill('SIGKILL');
    }
  },
});

async function next(messages) {
  const [message] = (await messages.next()).value;
  if (message.error !== undefined) throw new Error(message.error);
  return message;
}

/** What one event takes when nothing else is under way. */
async function oneByOne(other, messages, send, times) {
  const waits = [];
  const calls = [];
  let again = 0;
  for (let time = 0; time < times; time++) {
    const key = `key${time}`;
    other.send({ key });
    await next(messages);
    const calledAt = nowUs();
    await send(key);
    const sentAt = nowUs();
    const seen = next(messages);
    for (; await isLate(seen); again++) {
      if (again === LOST) throw new Error('events don’t arrive');
      await send(key);
    }
    waits.push(((await seen).at - calledAt) / 1_000);
    calls.push((sentAt - calledAt) / 1_000);
  }
  for (const list of [waits, calls]) list.sort((a, b) => a - b);
  return { p50: quantile(waits, 0.5), p99: quantile(waits, 0.99), call: quantile(calls, 0.5), again };
}

function isLate(seen) {
  let timer;
  const overdue = new Promise((resolve) => (timer = setTimeout(resolve, OVERDUE_MS, true)));
  return Promise.race([seen.then(() => false), overdue]).finally(() => clearTimeout(timer));
}

/** From the first call to the last event that is applied, µs by events; no more are sent than are taken. */
async function manyAtOnce(other, messages, send, times) {
  other.send({ times });
  await next(messages);
  const begunAt = nowUs();
  let failure;
  let sent = 0;
  let told = { told: 0 };
  while (told.told < times) {
    for (; sent < Math.min(times, told.told + UNDER_WAY); sent++) {
      send(`other${sent}`).catch((error) => (failure ??= error));
    }
    told = await next(messages);
    if (failure !== undefined) throw failure;
  }
  const { at } = await next(messages);
  return { each: (at - begunAt) / times, ...(told.queued !== undefined && { queued: told.queued }) };
}

const scenario = (transport, name) => ({
  name: `events-${transport}`,
  title: `From an event of one service to the end of the old value in another: ${name}`,
  figures: {
    p50: 'ms from the call, p50',
    p99: 'p99',
    call: 'ms of the `await`, p50',
    each: `µs an event, ${UNDER_WAY} under way`,
    again: 'lost',
    queued: 'waited for Redis',
  },
  rounds: 3,
  base: 'raw',
  needsRedis: true,
  needsNats: transport === 'nats',
  variants: [
    variant(transport, 'raw', 'the bare client of Nest, and a handler that does nothing', {
      sender: 'raw',
      listener: 'raw',
    }),
    variant(transport, 'bare-client', 'the bare client, and a service with the value in memory', {
      sender: 'raw',
      listener: 'memory',
    }),
    variant(transport, 'memory', '`events.invalidate`, and a service with the value in memory', {
      sender: 'ours',
      listener: 'memory',
    }),
    variant(transport, 'shared', 'the same, in memory and in Redis', { sender: 'ours', listener: 'shared' }),
  ],
});

/** Over each transport, against what it does by itself. */
export const events = [scenario('redis', 'Redis'), scenario('tcp', 'TCP'), scenario('nats', 'NATS')];
