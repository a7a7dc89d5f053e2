import { asOfIn, FRONT_BYTES } from '../../entry/entry-codec.js';
import { unpackHotRecord } from '../../warmup/hot-record.js';
import { unpackArguments } from '../../warmup/plain-arguments.js';
import { EXIT } from '../cli-errors.js';
import type { CliServer, RedisNodeClient } from '../cli-server.js';
import type { Command, CommandContext } from '../command.js';
import { bytesText, countText, spanText } from '../format.js';
import {
  entryNameOf,
  escapeGlob,
  isPartial,
  namespacePattern,
  scanKeys,
  type Coverage,
  type EntryName,
} from '../keyspace.js';
import type { Output } from '../output.js';
import { LOOKED_AT } from './stats.command.js';

const ROWS = 20;
const ORDERS = ['calls', 'bytes', 'ttl', 'age'] as const;
type Order = (typeof ORDERS)[number];

export const top: Command = {
  name: 'top',
  summary: 'the calls that are made most, or the entries that are largest, oldest, or live longest',
  takes: '[cache]',
  words: [0, 1],
  options: {
    by: {
      value: ORDERS.join('|'),
      text: 'calls: as processes have counted them, for caches with `warm`; without it calls where they are known, else bytes',
    },
    rows: { value: 'n', text: `so many (${ROWS})` },
    limit: { value: 'n', text: `looks at no more than so many keys of the server (${countText(LOOKED_AT)})` },
  },
  check: (said) => {
    said.oneOf('by', ORDERS);
    said.count('rows', ROWS);
    said.count('limit', LOOKED_AT);
    if (said.words.length > 0) said.cache();
  },
  run: async (context) => {
    const server = await context.connect();
    const order = context.said.oneOf('by', ORDERS);
    if (order === undefined || order === 'calls') {
      const calls = await hottestCalls(context, server);
      if (calls.length > 0 || order === 'calls') {
        reportCalls(context, server, calls);
        return EXIT.ok;
      }
    }
    await reportEntries(context, server, order ?? 'bytes');
    return EXIT.ok;
  },
};

interface HotCall {
  readonly cache: string;
  readonly call: string;
  readonly count: number;
}

/** As warming keeps them: counts fade, so that what is called now goes before what was called long ago. */
async function hottestCalls({ said, progress }: CommandContext, server: CliServer): Promise<HotCall[]> {
  const begin = `${server.target.namespace}:~hot:v0:`;
  const caches =
    said.words.length > 0 ? [said.cache()] : await learnedCaches(said.count('limit', LOOKED_AT), server, progress);
  const calls: HotCall[] = [];
  for (const cache of caches) {
    const record = unpackHotRecord(await server.commands.get(begin + cache));
    for (const [call, count] of record?.calls ?? []) calls.push({ cache, call: readableCall(call), count });
  }
  return calls.sort((a, b) => b.count - a.count).slice(0, said.count('rows', ROWS));
}

async function learnedCaches(most: number, server: CliServer, progress: CommandContext['progress']): Promise<string[]> {
  const begin = server.full(`${server.target.namespace}:~hot:v0:`);
  const caches: string[] = [];
  const coverage = { looked: 0, total: 0 };
  for await (const { names } of scanKeys(server, `${escapeGlob(begin)}*`, { most, coverage, progress })) {
    caches.push(...names.map((name) => name.slice(begin.length)));
  }
  return caches.sort();
}

function readableCall(call: string): string {
  const [method, packed] = call.split('\n', 2) as [string, string | undefined];
  const args = packed === undefined ? undefined : unpackArguments(packed);
  return args === undefined ? call : `${method}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`;
}

function reportCalls({ out, progress }: CommandContext, server: CliServer, calls: readonly HotCall[]): void {
  progress.end();
  if (out.isJson) return out.json({ namespace: server.target.namespace, by: 'calls', complete: true, rows: calls });
  if (calls.length === 0) return out.line('no calls are known: they are counted for caches with `warm`');
  out.table(
    [{ title: 'calls', right: true }, { title: 'cache' }, { title: 'call' }],
    calls.map(({ cache, call, count }) => [count.toFixed(count < 10 ? 1 : 0), cache, call]),
  );
}

interface Ranked extends EntryName {
  readonly node: RedisNodeClient;
  /** The larger the higher it stands. */
  readonly rank: number;
}

async function reportEntries({ said, out, progress }: CommandContext, server: CliServer, order: Order): Promise<void> {
  const coverage: Coverage = { looked: 0, total: 0 };
  const ranked = await rankEntries(server, order, {
    coverage,
    progress,
    rows: said.count('rows', ROWS),
    most: said.count('limit', LOOKED_AT),
    cache: said.words.length > 0 ? said.cache() : undefined,
  });
  const now = await server.now();
  const rows = await Promise.all(ranked.map(async (entry) => measured(server, entry, now)));
  progress.end();
  const complete = !isPartial(coverage);
  if (out.isJson) return out.json({ namespace: server.target.namespace, by: order, complete, rows });
  if (rows.length === 0) return out.line('no entries');
  printEntries(out, rows);
  if (complete) return;
  const looked = `of ${countText(coverage.looked)} of ${countText(coverage.total)} keys`;
  out.line(out.paint('dim', `${looked}: --limit looks at more`));
}

/** Numbers are `null` where nobody can tell: the entry is gone, or encrypted. */
interface Measured {
  readonly cache: string;
  readonly key: string;
  readonly schema: number;
  readonly bytes: number | null;
  /** Less than 0: for ever. */
  readonly keptForMs: number | null;
  readonly ageMs: number | null;
}

async function measured(server: CliServer, { node, name, cache, key, schema }: Ranked, now: number): Promise<Measured> {
  const [bytes, leftMs, front] = await server.askMany(node, detailsOf(name));
  const asOf = Buffer.isBuffer(front) ? asOfIn(front) : undefined;
  return {
    cache,
    key,
    schema,
    bytes: typeof bytes === 'number' ? bytes : null,
    keptForMs: typeof leftMs === 'number' ? leftMs : null,
    ageMs: asOf === undefined ? null : Math.max(0, Math.round(now - asOf)),
  };
}

function printEntries(out: Output, rows: readonly Measured[]): void {
  const right = true;
  out.table(
    [
      { title: 'memory', right },
      { title: 'kept for', right },
      { title: 'age', right },
      { title: 'cache' },
      { title: 'schema', right },
      { title: 'key' },
    ],
    rows.map(({ cache, key, schema, bytes, keptForMs, ageMs }) => [
      bytes === null ? '' : bytesText(bytes),
      keptForMs === null ? '' : keptForMs < 0 ? 'ever' : spanText(keptForMs),
      ageMs === null ? 'encrypted' : spanText(ageMs),
      cache,
      String(schema),
      key,
    ]),
  );
}

const detailsOf = (name: string) =>
  [
    ['MEMORY', 'USAGE', name],
    ['PTTL', name],
    ['GETRANGE', name, 0, FRONT_BYTES - 1],
  ] as const;

interface Ranking {
  readonly coverage: Coverage;
  readonly progress: CommandContext['progress'];
  readonly rows: number;
  readonly most: number;
  readonly cache: string | undefined;
}

async function rankEntries(server: CliServer, order: Order, { cache, rows, ...scan }: Ranking): Promise<Ranked[]> {
  let best: Ranked[] = [];
  const pattern =
    cache === undefined
      ? namespacePattern(server)
      : `${escapeGlob(server.full(`${server.target.namespace}:${cache}:v`))}*`;
  const at = { bytes: 0, ttl: 1, age: 2, calls: 0 }[order];
  for await (const { node, names } of scanKeys(server, pattern, scan)) {
    const entries = names.map((name) => entryNameOf(server, name)).filter((entry) => entry !== undefined);
    const replies = await server.askMany(
      node,
      entries.map(({ name }) => detailsOf(name)[at]!),
    );
    entries.forEach((entry, index) => {
      const rank = rankOf(replies[index]);
      if (rank !== undefined) best.push({ ...entry, node, rank });
    });
    best = best.sort((a, b) => b.rank - a.rank || (a.name < b.name ? -1 : 1)).slice(0, rows);
  }
  return best;
}

/** A size, what is left of a life (for ever goes before all), or the begin of what was stored, oldest first. */
function rankOf(reply: unknown): number | undefined {
  if (typeof reply === 'number') return reply === -1 ? Number.POSITIVE_INFINITY : reply;
  const asOf = Buffer.isBuffer(reply) ? asOfIn(reply) : undefined;
  return asOf === undefined ? undefined : -asOf;
}
