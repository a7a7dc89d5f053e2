import { fork } from 'node:child_process';
import { on, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { PUSHERS } from '../harness/pushers.mjs';
import { emptied } from '../harness/redis.mjs';
import { quantile } from '../harness/timing.mjs';

const TIMES = 1_000;
const OTHER = fileURLToPath(new URL('../harness/push.process.mjs', import.meta.url));
const STILL_OLD_MS = 3_000;
// one clock for all processes of a machine
const nowUs = () => Number(process.hrtime.bigint() / 1_000n);

const variant = ({ id, label, create }) => ({
  id,
  label,
  async run({ quick }) {
    await emptied();
    const other = fork(OTHER, [id], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    try {
      await once(other, 'message');
      const { drop } = await create(async () => ({ version: 0 }));
      return await measure(other, drop, quick ? TIMES / 10 : TIMES);
    } finally {
      other.kill('SIGKILL');
    }
  },
});

async function measure(other, drop, times) {
  const messages = on(other, 'message');
  const waits = [];
  const calls = [];
  let kept = 0;
  for (let time = 0; time < times && kept < 5; time++) {
    other.send(`key${time}`);
    const [first] = (await messages.next()).value;
    if (first !== 'ready') throw new Error(first.error);
    const calledAt = nowUs();
    await drop(`key${time}`);
    const droppedAt = nowUs();
    const seen = messages.next();
    for (let again = await late(seen); again === 'late'; again = await late(seen)) {
      // the old value stayed: once more, so that the run comes to an end
      kept++;
      await drop(`key${time}`);
    }
    const [answer] = (await seen).value;
    if (answer.error !== undefined) throw new Error(answer.error);
    waits.push((answer.loadedAt - droppedAt) / 1_000);
    calls.push((droppedAt - calledAt) / 1_000);
  }
  for (const list of [waits, calls]) list.sort((a, b) => a - b);
  const figures = { p50: quantile(waits, 0.5), p99: quantile(waits, 0.99), most: waits.at(-1) };
  return { ...figures, call: quantile(calls, 0.5), kept };
}

function late(seen) {
  let timer;
  const overdue = new Promise((resolve) => (timer = setTimeout(resolve, STILL_OLD_MS, 'late')));
  return Promise.race([seen, overdue]).finally(() => clearTimeout(timer));
}

export default {
  name: 'push',
  title: 'From an invalidation in one process to the end of the old value in the memory of another',
  figures: {
    p50: 'ms after `await`, p50',
    p99: 'p99',
    most: 'the longest',
    call: 'ms of the `await` itself, p50',
    kept: `times the old value stayed for ${STILL_OLD_MS / 1_000} s`,
  },
  rounds: 3,
  needsRedis: true,
  variants: PUSHERS.map(variant),
};
