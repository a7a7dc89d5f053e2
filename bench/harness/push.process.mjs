// The other process of `push`: reads a key again and again, and says when its memory no longer answers with the old value.
import { PUSHERS } from './pushers.mjs';

const { create } = PUSHERS.find(({ id }) => id === process.argv[2]);
const nowUs = () => Number(process.hrtime.bigint() / 1_000n);

const last = { loads: 0, at: 0 };
const { get } = await create(async () => {
  last.at = nowUs();
  return { version: ++last.loads };
});

process.on('message', async (key) => {
  try {
    await get(key);
    // again from memory, and for ours the closer look that a new entry gets once
    await get(key);
    const { loads } = last;
    process.send('ready');
    while (last.loads === loads) {
      await get(key);
      await new Promise((resolve) => setImmediate(resolve));
    }
    process.send({ loadedAt: last.at });
  } catch (error) {
    process.send({ error: String(error) });
  }
});
process.on('disconnect', () => process.exit(0));
process.send('up');
