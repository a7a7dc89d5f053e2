import { timeOf } from '../../journal/journal-position.js';
import { infoField } from '../../redis/server-check.js';
import { EXIT } from '../cli-errors.js';
import type { CliServer } from '../cli-server.js';
import type { Command, CommandContext } from '../command.js';
import { bytesText, countText, plural, spanText, timeText } from '../format.js';
import { horizonMs, readJournal, type JournalState } from '../journal-view.js';
import { extrapolation, isPartial } from '../keyspace.js';
import { takeCensus, type Census, type CensusOfCache } from '../census.js';
import type { Output } from '../output.js';

/** Keys that are looked at, unless it is said otherwise. */
export const LOOKED_AT = 200_000;

export const stats: Command = {
  name: 'stats',
  summary: 'what Redis holds: entries by cache, the journal, waiting writes, dead letters',
  takes: '',
  words: [0, 0],
  options: {
    limit: {
      value: 'n',
      text: `looks at no more than so many keys of the server (${countText(LOOKED_AT)}); with more the rest is estimated`,
    },
  },
  notes: ['Hits and misses are counted in each process of the application: `status()` there, or its metrics.'],
  check: (said) => void said.count('limit', LOOKED_AT),
  run: async (context) => {
    const server = await context.connect();
    const now = await server.now();
    const journal = await readJournal(server);
    const info = await infoOf(server);
    const census = await takeCensus(server, context.said.count('limit', LOOKED_AT), context.progress);
    context.progress.end();
    if (context.out.isJson) context.out.json(documentOf(context, server, { now, journal, info, census }));
    else print(context.out, server, { now, journal, info, census });
    return EXIT.ok;
  },
};

interface Found {
  readonly now: number;
  readonly journal: JournalState | undefined;
  readonly info: string | undefined;
  readonly census: Census;
}

async function infoOf(server: CliServer): Promise<string | undefined> {
  try {
    return String(await server.ask(await server.journalNode(), 'INFO'));
  } catch {
    return undefined; // whoever may not ask isn't told
  }
}

function print(out: Output, server: CliServer, { now, journal, info, census }: Found): void {
  out.fields([
    ['namespace', `${server.target.namespace}, in Redis at ${server.address}`],
    ['server', info === undefined ? undefined : serverText(info)],
    ['journal', journal === undefined ? 'none: no process has used this namespace' : journalText(journal, now)],
    ['keys', coverageText(census)],
  ]);
  out.line();
  if (census.caches.length === 0) return out.line('no entries');
  const isEstimated = isPartial(census.coverage);
  const about = (text: string): string => (isEstimated ? `≈ ${text}` : text);
  const factor = extrapolation(census.coverage);
  out.table(
    [
      { title: 'cache' },
      { title: 'entries', right: true },
      { title: 'memory', right: true },
      { title: 'schema' },
      { title: 'loading', right: true },
      { title: 'waiting writes', right: true },
      { title: 'dead letters', right: true },
      { title: 'known ids' },
    ],
    census.caches.map((cache) => [
      cache.name,
      about(countText(cache.entries * factor)),
      `≈ ${bytesText(bytesOf(cache) * factor)}`,
      [...cache.schemas].sort((a, b) => a - b).join(', '),
      countText(cache.locks * factor),
      countText(cache.waiting),
      countText(cache.dead),
      cache.knownIds ? 'yes' : '',
    ]),
  );
}

const bytesOf = ({ entries, sampled, sampledBytes }: CensusOfCache): number =>
  sampled === 0 ? 0 : (sampledBytes / sampled) * entries;

function serverText(info: string): string {
  const field = (name: string): string | undefined => infoField(info, name);
  const valkey = field('valkey_version');
  const most = Number(field('maxmemory') ?? 0);
  return [
    valkey === undefined ? `Redis ${field('redis_version')}` : `Valkey ${valkey}`,
    `${bytesText(Number(field('used_memory')))} used of ${most === 0 ? 'no limit' : bytesText(most)}`,
    `maxmemory-policy ${field('maxmemory_policy')}`,
    plural(Number(field('connected_clients')), 'client'),
  ].join(', ');
}

function journalText(journal: JournalState, now: number): string {
  const { head, floor, records, boundMs } = journal;
  return [
    plural(records, 'record'),
    records === 0 ? undefined : `the last ${spanText(now - timeOf(head))} ago`,
    `entries are judged back to ${timeText(timeOf(floor))} (${spanText(horizonMs(journal, now))})`,
    `no process is older than ${spanText(boundMs)}`,
  ]
    .filter((part) => part !== undefined)
    .join(', ');
}

const coverageText = ({ coverage }: Census): string =>
  isPartial(coverage)
    ? `looked at ${countText(coverage.looked)} of ${countText(coverage.total)}: numbers with ≈ are estimates; --limit looks at more`
    : `${countText(coverage.total)} on the server, all looked at`;

function documentOf({ said }: CommandContext, server: CliServer, { now, journal, info, census }: Found): unknown {
  const factor = extrapolation(census.coverage);
  return {
    namespace: server.target.namespace,
    address: server.address,
    at: new Date(now).toISOString(),
    server: info === undefined ? null : serverDocument(info),
    journal:
      journal === undefined
        ? null
        : {
            epoch: journal.epoch,
            records: journal.records,
            position: journal.head,
            floor: journal.floor,
            lastRecordAt: journal.records === 0 ? null : new Date(timeOf(journal.head)).toISOString(),
            keptSince: new Date(timeOf(journal.floor)).toISOString(),
            fleetStalenessMs: journal.boundMs,
          },
    keys: { ...census.coverage, limit: said.count('limit', LOOKED_AT), estimated: isPartial(census.coverage) },
    caches: census.caches.map((cache) => ({
      name: cache.name,
      entries: Math.round(cache.entries * factor),
      bytes: Math.round(bytesOf(cache) * factor),
      schemas: [...cache.schemas].sort((a, b) => a - b),
      loading: Math.round(cache.locks * factor),
      waitingWrites: cache.waiting,
      deadLetters: cache.dead,
      knownIds: cache.knownIds,
      learnsCalls: cache.learnsCalls,
    })),
  };
}

function serverDocument(info: string): unknown {
  const number = (name: string): number => Number(infoField(info, name) ?? 0);
  return {
    kind: infoField(info, 'valkey_version') === undefined ? 'redis' : 'valkey',
    version: infoField(info, 'valkey_version') ?? infoField(info, 'redis_version') ?? null,
    usedBytes: number('used_memory'),
    maxBytes: number('maxmemory'),
    maxmemoryPolicy: infoField(info, 'maxmemory_policy') ?? null,
    clients: number('connected_clients'),
  };
}
