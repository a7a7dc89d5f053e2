import { readableTag } from '../../entry/tags.js';
import { timeOf } from '../../journal/journal-position.js';
import { EXIT, type ExitCode } from '../cli-errors.js';
import type { CliServer } from '../cli-server.js';
import type { Command, CommandContext } from '../command.js';
import { KEY_NOTES, KEY_OPTIONS, keysOf } from '../entry-keys.js';
import { entryDocument, entryFields } from '../entry-words.js';
import { explain as explainEntry, lastRecordAbout, type Explanation } from '../explanation.js';
import { printable, spanText, timeText } from '../format.js';
import type { Colour } from '../output.js';
import { findEntries, hintAtCaches, SCHEMA_OPTION, type StoredView } from '../stored-entries.js';

export const explain: Command = {
  name: 'explain',
  summary: 'why an entry is a hit or a miss: its times, its tags, and the record that made it stale',
  takes: '<cache> <key>',
  words: [1, 2],
  options: { ...KEY_OPTIONS, ...SCHEMA_OPTION },
  notes: [
    ...KEY_NOTES,
    'It tells what a process finds that has just started; the memory of those that run isn’t seen from here.',
  ],
  check: (said) => {
    said.cache();
    keysOf(said);
  },
  run: async (context) => {
    const server = await context.connect();
    const { said, progress } = context;
    const [cache, keys, now] = [said.cache(), keysOf(said), await server.now()];
    const views = await findEntries(server, cache, keys, said);
    const explained: Explained[] = [];
    for (const view of views) explained.push({ view, why: await explainEntry(server, view, now, progress) });
    progress.end();
    if (explained.length === 0) return explainMissing(context, server, { cache, keys, now });
    const { out } = context;
    if (out.isJson) {
      const entries = explained.map(({ view, why }) => ({ ...explanationDocument(why), entry: entryDocument(view) }));
      out.json({
        namespace: server.target.namespace,
        cache,
        keys,
        at: new Date(now).toISOString(),
        found: true,
        entries,
      });
    } else
      for (const [index, { view, why }] of explained.entries()) {
        if (index > 0) out.line();
        out.line(`${out.paint(COLOURS[why.state], why.state)}: ${printable(why.reason, 1_000)}`);
        out.fields(entryFields(view, now));
      }
    return EXIT.ok;
  },
};

interface Explained {
  readonly view: StoredView;
  readonly why: Explanation;
}

const COLOURS: Readonly<Record<Explanation['state'], Colour>> = {
  fresh: 'green',
  soft: 'yellow',
  grace: 'yellow',
  expired: 'red',
  invalidated: 'red',
  'other-epoch': 'red',
  lost: 'red',
  'too-old': 'red',
  unreadable: 'red',
  missing: 'yellow',
};

const explanationDocument = ({ state, reason, record, tag }: Explanation) => ({
  state,
  reason,
  record:
    record === undefined
      ? null
      : {
          at: new Date(timeOf(record.position)).toISOString(),
          position: record.position,
          tag: readableTag(tag!),
          tags: record.tags.map(readableTag),
        },
});

interface Missing {
  readonly cache: string;
  readonly keys: readonly string[];
  readonly now: number;
}

async function explainMissing(
  { out, progress }: CommandContext,
  server: CliServer,
  { cache, keys, now }: Missing,
): Promise<ExitCode> {
  const last = await lastRecordAbout(server, cache, keys, progress);
  const loadingMs = await lockLife(server, cache, keys);
  const waits = await isUnwritten(server, cache, keys);
  const hint = await hintAtCaches(server, cache, progress);
  progress.end();
  const reason =
    'nothing is stored: it was never loaded here, it expired, was evicted, was dropped by a full server, or is kept in memory alone';
  if (out.isJson) {
    const why = explanationDocument({ state: 'missing', reason, ...last });
    const more = { lastRecord: why.record, loadingMs: loadingMs ?? null, waitsForSink: waits, hint: hint ?? null };
    out.json({
      namespace: server.target.namespace,
      cache,
      keys,
      at: new Date(now).toISOString(),
      found: false,
      state: 'missing',
      reason,
      ...more,
    });
    return EXIT.ok;
  }
  out.line(`${out.paint('yellow', 'missing')}: ${reason}`);
  if (hint !== undefined) out.line(hint);
  if (loadingMs !== undefined)
    out.line(`a process is loading it right now; its lock is good for ${spanText(loadingMs)} more`);
  if (waits) out.line('a write of it waits for its sink (writeBehind); loads find its value there');
  if (last !== undefined) {
    const at = timeOf(last.record.position);
    out.line(
      `the last record about it: ${timeText(at)}, ${spanText(now - at)} ago: ${printable(readableTag(last.tag), 1_000)}`,
    );
  }
  return EXIT.ok;
}

async function lockLife(server: CliServer, cache: string, keys: readonly string[]): Promise<number | undefined> {
  for (const key of keys) {
    const { lock } = server.keys.lock(server.keys.entry(cache, 1, key));
    const left = Number(await server.call('PTTL', server.full(lock)).catch(() => -2));
    if (left > 0) return left;
  }
  return undefined;
}

async function isUnwritten(server: CliServer, cache: string, keys: readonly string[]): Promise<boolean> {
  const { unwritten } = server.keys.writes(cache);
  const found = await Promise.all(
    keys.map(async (key) => server.call('HEXISTS', server.full(unwritten), key).catch(() => 0)),
  );
  return found.includes(1);
}
