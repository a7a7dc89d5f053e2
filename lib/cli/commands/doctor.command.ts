import { addressOf } from '../../redis/ioredis-clients.js';
import { RedisFault } from '../../redis/redis-fault.js';
import { EXIT, type ExitCode } from '../cli-errors.js';
import type { CliServer } from '../cli-server.js';
import type { Command, CommandContext } from '../command.js';
import { checkRights } from '../doctor/access-checks.js';
import { fail, ifAllowed, ok, unknown, type Check, type CheckStatus } from '../doctor/check.js';
import { checkJournal, checkQueues, findQueues } from '../doctor/namespace-checks.js';
import { checkCluster, checkSettings } from '../doctor/server-checks.js';
import { checkClock, checkLatency } from '../doctor/timing-checks.js';
import { printable, spanText } from '../format.js';
import type { Colour } from '../output.js';
import { adviceFor } from '../redis-advice.js';

export const doctor: Command = {
  name: 'doctor',
  summary: 'connects, looks at everything the cache needs of Redis, and says what to change',
  takes: '',
  words: [0, 0],
  options: {},
  notes: [
    'Ask as the user of the application: its rights are tried, on keys nobody uses. What that user may not ask',
    '(CONFIG GET, SCAN …) is left out. Nothing is changed and nothing stays behind.',
  ],
  run: async (context) => {
    const checks = await examine(context);
    context.progress.end();
    report(context, checks.list);
    return checks.exitCode;
  },
};

async function examine(context: CommandContext): Promise<{ list: Check[]; exitCode: ExitCode }> {
  const { io, target, progress } = context;
  const list: Check[] = [];
  try {
    const begun = io.runtime.monotonic();
    const server = await context.connect();
    list.push(ok('connection', `${server.address}, within ${spanText(io.runtime.monotonic() - begun)}`));
    await examineServer(server, list, context);
  } catch (error) {
    if (!(error instanceof RedisFault)) throw error;
    const advice = adviceFor(error.message) ?? 'look whether the server is up, and at the way to it';
    list.push(fail('connection', `${addressOf(target.redis)}: ${error.message}`, advice));
    return { list, exitCode: EXIT.redis };
  } finally {
    progress.end();
  }
  return { list, exitCode: list.some(({ status }) => status === 'fail') ? EXIT.no : EXIT.ok };
}

async function examineServer(server: CliServer, list: Check[], { progress }: CommandContext): Promise<void> {
  const queues = await findQueues(server, progress);
  const kind = await asked('cluster', async () => checkCluster(server));
  list.push(...kind, ...(await asked('settings', async () => checkSettings(server, queues ?? []))));
  // what is tried there would be refused for this reason alone
  if (list.some(({ name, status }) => ['cluster', 'role'].includes(name) && status === 'fail')) return;
  list.push(...(await checkRights(server)));
  list.push(...(await asked('journal', async () => checkJournal(server, progress))));
  list.push(...(await asked('write-behind', async () => checkQueues(server, queues))));
  list.push(...(await asked('clock', async () => [await checkClock(server)])));
  list.push(...(await asked('latency', async () => checkLatency(server))));
}

/** The checks, or that this user may not ask what they'd ask. */
const asked = async (name: string, look: () => Promise<Check[]>): Promise<Check[]> =>
  (await ifAllowed(look)) ?? [unknown(name, 'this user may not look at it')];

const COLOURS: Readonly<Record<CheckStatus, Colour>> = { ok: 'green', warn: 'yellow', fail: 'red', unknown: 'dim' };

function report({ out, target }: CommandContext, checks: readonly Check[]): void {
  const count = (status: CheckStatus): number => checks.filter((check) => check.status === status).length;
  const summary = { ok: count('ok'), warn: count('warn'), fail: count('fail'), unknown: count('unknown') };
  if (out.isJson) {
    const plain = checks.map(({ name, status, found, change }) => ({ name, status, found, change: change ?? null }));
    return out.json({ namespace: target.namespace, address: addressOf(target.redis), summary, checks: plain });
  }
  const width = Math.max(...checks.map(({ name }) => name.length));
  for (const { name, status, found, change } of checks) {
    const mark = out.paint(COLOURS[status], status.padEnd(7));
    out.line(`${mark}  ${printable(name, 80).padEnd(width)}  ${printable(found, 500)}`);
    if (change !== undefined) out.line(`${' '.repeat(9)}${' '.repeat(width)}  → ${printable(change, 500)}`);
  }
  out.line();
  out.line(
    `${summary.ok} ok, ${summary.warn} to look at, ${summary.fail} to change${summary.unknown === 0 ? '' : `, ${summary.unknown} not looked at`}`,
  );
}
