import { quantile } from '../harness/timing.mjs';
import { row } from '../harness/values.mjs';
import { seeded, settle, VirtualTime } from '../harness/virtual-time.mjs';

const HEALTHY_MS = 30_000;
const ILL_MS = 60_000;
const AFTERWARDS_MS = 30_000;
const EVERY_MS = 2; // 500 a second
const HOT_KEYS = 1_000;
const COLD_KEYS = 100_000;
const HOT_PART = 0.9;
/** How long a driver waits for a connection that is dead. */
const DEAD_MS = 10_000;
const WORKERS = 100;

/** An origin with so many workers: what finds none waits for one. Its health decides what a query takes. */
class Origin {
  health = 'good';
  queries = 0;
  open = 0;
  most = 0;
  #working = 0;
  #waiting = [];

  constructor(time) {
    this.time = time;
  }

  /** One that is given up leaves its worker, as a query does that is cancelled. */
  async query(key, signal) {
    this.queries++;
    this.most = Math.max(this.most, ++this.open);
    if (this.#working >= WORKERS) await new Promise((resolve) => this.#waiting.push(resolve));
    this.#working++;
    try {
      return await this.#work(key, signal);
    } finally {
      this.#working--;
      this.open--;
      this.#waiting.shift()?.();
    }
  }

  async #work(key, signal) {
    const { health } = this;
    const done = this.time.sleep({ good: 20, slow: 2_000, failing: 20, dead: DEAD_MS }[health]);
    await Promise.race([
      done,
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    ]);
    if (health === 'failing' || health === 'dead') throw new Error(`the origin is ${health}`);
    return row(key);
  }
}

const WAYS = [
  { way: 'slow', text: 'a query takes 2 s' },
  { way: 'failing', text: 'every query fails after 20 ms' },
  { way: 'dead', text: `no answer, an error after ${DEAD_MS / 1_000} s` },
];

const PLAIN = { ttl: '10s' };
const GRACE = { ...PLAIN, grace: { error: '10m' }, softTimeout: '200ms', hardTimeout: '1s' };
const GUARDED = {
  ...GRACE,
  origin: { bulkhead: { concurrency: 50, queue: 50, wait: '200ms' }, breaker: { slowLoad: '500ms' } },
};

async function measure(users, health) {
  const { startShop } = await import('../harness/ours.mjs');
  const time = new VirtualTime();
  const origin = new Origin(time);
  const module = { runtime: time, memory: { maxEntries: 200_000, maxBytes: '1gb' }, caches: { users } };
  const { cache } = await startShop({ find: async () => undefined, module });
  const random = seeded(1);
  const keyOf = () =>
    random() < HOT_PART ? `hot${Math.floor(random() * HOT_KEYS)}` : `cold${Math.floor(random() * COLD_KEYS)}`;
  const ill = { errors: 0, waits: [], requests: 0 };
  let lastError = 0;
  const callers = { waiting: 0 };
  const ask = (begun, isIll, recoversAt) => {
    const key = keyOf();
    callers.waiting++;
    if (isIll) ill.requests++;
    const end = (failed) => {
      callers.waiting--;
      if (isIll) ill.waits.push(time.now() - begun);
      if (isIll && failed) ill.errors++;
      if (failed && time.now() >= recoversAt) lastError = Math.max(lastError, time.now() - recoversAt);
    };
    cache
      .getOrLoad('users', key, ({ signal }) => origin.query(key, signal))
      .then(
        () => end(false),
        () => end(true),
      );
  };
  const start = time.now();
  const [illAt, recoversAt] = [start + HEALTHY_MS, start + HEALTHY_MS + ILL_MS];
  let before = 0;
  let during = 0;
  for (let now = start; now < recoversAt + AFTERWARDS_MS; now = time.now()) {
    if (now === illAt) [origin.health, origin.most, before] = [health, 0, origin.queries];
    if (now === recoversAt) [origin.health, during] = ['good', origin.queries - before];
    if ((now - start) % EVERY_MS === 0) {
      ask(now, now >= illAt && now < recoversAt, recoversAt);
      await settle();
    }
    await time.tick();
  }
  // nobody is left waiting: whoever still is has waited until the end
  for (let left = 0; callers.waiting > 0 && left < 600_000; left++) await time.tick();
  const waits = ill.waits.sort((a, b) => a - b);
  return {
    errors: ill.errors,
    queries: during,
    most: origin.most,
    p50: quantile(waits, 0.5),
    p99: quantile(waits, 0.99),
    recovery: lastError / 1_000,
  };
}

const variant = (id, label, users, { way, text }) => ({
  id: `${id}-${way}`,
  label: `${text}: ${label}`,
  run: () => measure(users, way),
});

export default {
  name: 'guards',
  title: `An origin that is ill for a minute, at 500 requests a second (${HOT_PART * 100} % of them for ${HOT_KEYS} keys, the others for ${COLD_KEYS}), in virtual time`,
  figures: {
    errors: `errors seen, of ${ILL_MS / EVERY_MS} requests`,
    queries: 'queries meanwhile',
    most: 'of them open at once, at most',
    p50: 'ms a caller waits, p50',
    p99: 'p99',
    recovery: 's from its recovery to the last error',
  },
  rounds: 1,
  variants: WAYS.flatMap((way) => [
    variant('plain', 'a ttl of 10 s', PLAIN, way),
    variant('grace', 'and grace, timeouts of 200 ms and 1 s', GRACE, way),
    variant('guards', 'and a bulkhead, and a breaker', GUARDED, way),
  ]),
  aims: (results) =>
    WAYS.map(({ way, text }) => {
      const [guarded, graced] = ['guards', 'grace'].map((id) => results[`${id}-${way}`].figures);
      const value = guarded.queries.max / graced.queries.max;
      const isQuick = guarded.recovery.max <= 6 && guarded.p99.max <= 1_000;
      const met = isQuick && guarded.most.max <= 50 && guarded.queries.max < graced.queries.max;
      return {
        text: `${text}: with guards fewer queries than without, no more than 50 at once, nobody waits longer than 1 s, recovered within 6 s`,
        value,
        met,
      };
    }),
};
