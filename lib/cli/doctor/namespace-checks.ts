import { timeOf } from '../../journal/journal-position.js';
import type { CliServer } from '../cli-server.js';
import { plural, spanText, timeText } from '../format.js';
import { horizonMs, lastRecords, readJournal, type JournalState } from '../journal-view.js';
import { escapeGlob, namespacePattern, scanKeys } from '../keyspace.js';
import type { Progress } from '../progress.js';
import { fail, ifAllowed, ok, unknown, warn, type Check } from './check.js';

/** Looked at for what isn't known by name: queues, and namespaces that are called otherwise. */
const LOOKED_AT = 100_000;
const FORMAT = '1';

/** Caches of this namespace that are written behind; `undefined` when this user may not look. */
export async function findQueues(server: CliServer, progress: Progress): Promise<readonly string[] | undefined> {
  const begin = server.full(`{${server.target.namespace}}:`);
  return ifAllowed(async () => {
    const caches = new Set<string>();
    const coverage = { looked: 0, total: 0 };
    for await (const { names } of scanKeys(server, namespacePattern(server), { most: LOOKED_AT, coverage, progress })) {
      for (const name of names.filter((each) => each.startsWith(begin))) {
        const [, cache] = /^(?:unwritten|writes|dead):([\w.$-]+)$/.exec(name.slice(begin.length)) ?? [];
        if (cache !== undefined) caches.add(cache);
      }
    }
    return [...caches].sort();
  });
}

/** The journal, as it lies in Redis. */
export async function checkJournal(server: CliServer, progress: Progress): Promise<Check[]> {
  const journal = await ifAllowed(async () => readJournal(server));
  if (journal === undefined) return [await noJournal(server, progress)];
  if (journal.format !== FORMAT)
    return [
      fail(
        'journal',
        `it has format ${journal.format}; this version knows format ${FORMAT}`,
        'use the version of the package that the application has',
      ),
    ];
  return [await continuity(server, journal), ...(await expiry(server)), await horizon(server, journal)];
}

async function noJournal(server: CliServer, progress: Progress): Promise<Check> {
  const { namespace, keyPrefix } = server.target;
  const found = `no process has used the namespace '${namespace}'`;
  const others = await ifAllowed(async () => journalsElsewhere(server, progress));
  if (others === undefined || others.length === 0)
    return warn('journal', found, 'start the application, or look at --namespace and at which Redis this is');
  const own = `{${namespace}}:clock`;
  const prefixed = others.find((name) => name.endsWith(own));
  if (prefixed !== undefined)
    return fail(
      'journal',
      `${found} with ${keyPrefix === '' ? 'no prefix' : `the prefix '${keyPrefix}'`}`,
      `the client of the application has a keyPrefix: say --key-prefix '${prefixed.slice(0, -own.length)}'`,
    );
  const names = others.map((name) => name.replace(/^.*\{([^}]*)\}:clock$/su, '$1')).slice(0, 10);
  return warn('journal', found, `there are others: ${names.join(', ')}`);
}

async function journalsElsewhere(server: CliServer, progress: Progress): Promise<string[]> {
  const found: string[] = [];
  const coverage = { looked: 0, total: 0 };
  const pattern = `*${escapeGlob('{')}*${escapeGlob('}')}:clock`;
  for await (const { names } of scanKeys(server, pattern, { most: LOOKED_AT, coverage, progress }))
    found.push(...names);
  return found.sort();
}

/** Clock and stream are written in one step; only somebody else parts them. */
async function continuity(server: CliServer, { head, floor, records }: JournalState): Promise<Check> {
  const [newest] = await lastRecords(server, 1);
  const found = `${plural(records, 'record')}, the newest of ${timeText(timeOf(head))}`;
  if (newest === undefined && head > floor)
    return warn(
      'journal',
      'its records are gone, its clock is there',
      'look who removes keys: entries from before are misses, and nothing old is served',
    );
  if (newest !== undefined && newest.position !== head)
    return warn(
      'journal',
      'its newest record isn’t the one its clock names',
      'look who else writes to the stream, or was it restored from a backup?',
    );
  return ok('journal', found);
}

async function expiry(server: CliServer): Promise<Check[]> {
  const names = [server.keys.clock, server.keys.journal].map((key) => server.full(key));
  const lives = await ifAllowed(async () =>
    Promise.all(names.map(async (name) => Number(await server.call('PTTL', name)))),
  );
  if (lives === undefined) return [unknown('expiry of the journal', 'this user may not call PTTL')];
  const doomed = names.filter((_, index) => lives[index]! >= 0);
  if (doomed.length === 0) return [ok('expiry of the journal', 'none')];
  return [
    fail(
      'expiry of the journal',
      `${doomed.join(' and ')} will expire: every entry is a miss then`,
      doomed.map((name) => `PERSIST ${name}`).join('; '),
    ),
  ];
}

async function horizon(server: CliServer, journal: JournalState): Promise<Check> {
  const now = await server.now();
  return ok(
    'horizon',
    `a process that starts can judge entries of the last ${spanText(horizonMs(journal, now))}; it grows until journal.maxRecords is reached`,
  );
}

/** Writes that wait, and those that no sink takes. */
export async function checkQueues(server: CliServer, queues: readonly string[] | undefined): Promise<Check[]> {
  if (queues === undefined) return [unknown('write-behind', 'this user may not call SCAN: queues weren’t looked for')];
  const checks: Check[] = [];
  for (const cache of queues) checks.push(...(await checkQueue(server, cache)));
  return checks;
}

async function checkQueue(server: CliServer, cache: string): Promise<Check[]> {
  const { unwritten, dead, lease } = server.keys.writes(cache);
  const name = `write-behind of ${cache}`;
  const counts = await ifAllowed(async () =>
    Promise.all([
      server.call('HLEN', server.full(unwritten)).then(Number),
      server.call('XLEN', server.full(dead)).then(Number),
      server.call('GET', server.full(lease)),
    ]),
  );
  if (counts === undefined) return [unknown(name, 'this user may not look at its queue')];
  const [waiting, deadLetters, holder] = counts;
  const checks: Check[] = [];
  if (deadLetters > 0)
    checks.push(warn(name, `${plural(deadLetters, 'write')} that its sink doesn't take`, `dead-letters ${cache}`));
  if (waiting > 0 && holder === null)
    checks.push(
      warn(name, `${plural(waiting, 'write')} wait, and no process is at it`, 'start one that has its @CacheSink'),
    );
  return checks.length > 0
    ? checks
    : [ok(name, waiting === 0 ? 'nothing waits' : `${plural(waiting, 'write')} wait, and a process is at it`)];
}
