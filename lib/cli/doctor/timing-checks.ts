import { DEFAULTS } from '../../options/cache-options.defaults.js';
import { syncJournal } from '../../redis/scripts.js';
import { refusalOf } from '../../redis/server-check.js';
import type { CliServer } from '../cli-server.js';
import { spanText } from '../format.js';
import { fail, ifAllowed, ok, unknown, warn, type Check } from './check.js';
import { scratchJournal } from './access-checks.js';

const ROUNDS = 50;
/** Entries live by the server's clock; but a clock that is wrong is wrong for other things, too. */
const CLOCK_MS = 5_000;

/** The clock of the server against the one of this machine. */
export async function checkClock(server: CliServer): Promise<Check> {
  const { runtime } = server;
  let best = { roundTripMs: Number.POSITIVE_INFINITY, offsetMs: 0 };
  for (let round = 0; round < 5; round++) {
    const sentAt = runtime.now();
    const time = await server.now();
    const roundTripMs = runtime.now() - sentAt;
    if (roundTripMs <= best.roundTripMs) best = { roundTripMs, offsetMs: time - sentAt - roundTripMs / 2 };
  }
  const { offsetMs } = best;
  const found = `the server is ${spanText(Math.abs(offsetMs))} ${offsetMs < 0 ? 'behind' : 'ahead of'} this machine`;
  if (Math.abs(offsetMs) < CLOCK_MS) return ok('clock', found);
  return warn(
    'clock',
    `${found}. Entries expire by its clock, so that does no harm to them`,
    'synchronise both with NTP',
  );
}

/** How long a PING and a script take, against the longest an application waits. */
export async function checkLatency(server: CliServer): Promise<Check[]> {
  const node = await server.journalNode();
  const scratch = scratchJournal(server);
  const trials = {
    'latency of PING': async () => server.ask(node, 'PING'),
    'latency of a script': async () => server.commands.run(syncJournal, scratch, ['check', '', 0, '', 0, '', 0, 1]),
  };
  const checks: Check[] = [];
  try {
    for (const [name, attempt] of Object.entries(trials)) {
      const timed = await ifAllowed(async () => latency(server, name, attempt));
      checks.push(timed ?? unknown(name, 'this user may not do that'));
    }
  } finally {
    await refusalOf(async () => Promise.all(scratch.map(async (key) => server.commands.unlink(key))));
  }
  return checks;
}

async function latency({ runtime }: CliServer, name: string, attempt: () => Promise<unknown>): Promise<Check> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const begun = runtime.monotonic();
    await attempt();
    times.push(runtime.monotonic() - begun);
  }
  times.sort((a, b) => a - b);
  const [p50, p99] = [times[Math.floor(ROUNDS * 0.5)]!, times[Math.floor(ROUNDS * 0.99)]!];
  const found = `${p50.toFixed(2)} ms in the middle, ${p99.toFixed(2)} ms at worst but one in a hundred`;
  const limit = DEFAULTS.redisCommandTimeout;
  const change =
    'move the application nearer to it, look at SLOWLOG and at the load of the server, or raise redis.commandTimeout';
  if (p50 >= limit) return fail(name, `${found}: more than commandTimeout (${limit} ms)`, change);
  if (p99 >= limit / 2) return warn(name, `${found}: near to commandTimeout (${limit} ms)`, change);
  return ok(name, found);
}
