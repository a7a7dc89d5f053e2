// The listening process of `events`.
import { setImmediate } from 'node:timers/promises';
import { LISTENERS, TRANSPORTS } from './event-ends.mjs';

const [transport, kind, port] = process.argv.slice(2);
const { hold, seenAt, count } = await LISTENERS[kind](TRANSPORTS[transport](Number(port)));
const nowUs = () => Number(process.hrtime.bigint() / 1_000n);

async function one(key) {
  await hold(key);
  process.send('ready');
  let at;
  while (at === undefined) {
    at = await seenAt();
    await setImmediate();
  }
  return at;
}

async function many(times) {
  const before = count();
  process.send('ready');
  while (count() - before < times) await new Promise((resolve) => setTimeout(resolve, 1));
  return nowUs();
}

process.on('message', async ({ key, times }) => {
  try {
    process.send({ at: await (key === undefined ? many(times) : one(key)) });
  } catch (error) {
    process.send({ error: String(error) });
  }
});
process.on('disconnect', () => process.exit(0));
process.send('up');
