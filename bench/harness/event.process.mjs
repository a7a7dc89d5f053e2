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

/** Says again and again how many were applied. */
async function many(times) {
  const before = count();
  process.send('ready');
  for (let told = 0; told < times;) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const { applied, queued } = count();
    if (applied - before.applied === told) continue;
    told = applied - before.applied;
    process.send({ told, ...(queued !== undefined && { queued: queued - before.queued }) });
  }
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
