import { EXIT, type ExitCode } from '../cli-errors.js';
import type { CliServer } from '../cli-server.js';
import type { Command, CommandContext } from '../command.js';
import { KEY_NOTES, KEY_OPTIONS, keysOf } from '../entry-keys.js';
import { entryDocument, entryFields } from '../entry-words.js';
import { valueDocument, valueText } from '../entry-values.js';
import { bytesText, countText, printableLines, spanText } from '../format.js';
import { entryNameOf, escapeGlob, isPartial, scanKeys, type EntryName } from '../keyspace.js';
import { findEntries, hintAtCaches, SCHEMA_OPTION } from '../stored-entries.js';

const ROWS = 20;
const LOOKED_AT = 200_000;

export const inspect: Command = {
  name: 'inspect',
  summary: 'the entries of a cache, or all that is said of one of them; its value with --values',
  takes: '<cache> [key]',
  words: [1, 2],
  options: {
    ...KEY_OPTIONS,
    ...SCHEMA_OPTION,
    values: { text: 'shows the value, and status and headers of a response: they may be personal' },
    rows: { value: 'n', text: `of a list (${ROWS})` },
    limit: { value: 'n', text: `looks at no more than so many keys of the server (${countText(LOOKED_AT)})` },
  },
  notes: KEY_NOTES,
  check: (said) => {
    said.cache();
    said.count('rows', ROWS);
    said.count('limit', LOOKED_AT);
    if (said.words.length > 1 || said.text('args') !== undefined) keysOf(said);
  },
  run: async (context) => {
    const server = await context.connect();
    const isOne = context.said.words.length > 1 || context.said.text('args') !== undefined;
    return isOne ? inspectOne(context, server) : listEntries(context, server);
  },
};

async function inspectOne({ said, out, progress }: CommandContext, server: CliServer): Promise<ExitCode> {
  const [cache, keys, now] = [said.cache(), keysOf(said), await server.now()];
  const views = await findEntries(server, cache, keys, said);
  const showsValues = said.flag('values');
  const hint = views.length === 0 ? await hintAtCaches(server, cache, progress) : undefined;
  if (out.isJson) {
    const entries = views.map((view) => {
      const document = entryDocument(view);
      if (!showsValues || typeof view.opened === 'string') return document;
      return { ...document, value: valueDocument(view.opened), meta: view.opened.header.meta ?? null };
    });
    out.json({
      namespace: server.target.namespace,
      cache,
      keys,
      at: new Date(now).toISOString(),
      found: views.length > 0,
      hint: hint ?? null,
      entries,
    });
  } else if (views.length === 0) {
    out.line(`nothing is stored under this key${hint === undefined ? '' : `. ${hint}`}`);
  }
  if (!out.isJson)
    for (const [index, view] of views.entries()) {
      if (index > 0) out.line();
      out.fields(entryFields(view, now));
      if (typeof view.opened === 'string') continue;
      if (!showsValues) out.line(out.paint('dim', 'the value is shown with --values'));
      else {
        if (view.opened.header.meta !== undefined)
          out.line(printableLines(`meta: ${JSON.stringify(view.opened.header.meta)}`));
        out.line(valueText(view.opened));
      }
    }
  return views.length > 0 ? EXIT.ok : EXIT.no;
}

interface Row extends EntryName {
  readonly bytes: number | undefined;
  readonly leftMs: number | undefined;
}

async function listEntries({ said, out, progress }: CommandContext, server: CliServer): Promise<ExitCode> {
  const cache = said.cache();
  const most = said.count('rows', ROWS);
  const coverage = { looked: 0, total: 0 };
  const pattern = `${escapeGlob(server.full(`${server.target.namespace}:${cache}:v`))}*`;
  const rows: Row[] = [];
  for await (const { node, names } of scanKeys(server, pattern, {
    most: said.count('limit', LOOKED_AT),
    coverage,
    progress,
  })) {
    const entries = names.map((name) => entryNameOf(server, name)).filter((entry) => entry !== undefined);
    const wanted = entries.slice(0, most - rows.length);
    const sizes = await server.askMany(
      node,
      wanted.map(({ name }) => ['STRLEN', name]),
    );
    const lives = await server.askMany(
      node,
      wanted.map(({ name }) => ['PTTL', name]),
    );
    wanted.forEach((entry, index) =>
      rows.push({ ...entry, bytes: numberOf(sizes[index]), leftMs: numberOf(lives[index]) }),
    );
    if (rows.length >= most) break;
  }
  const hint = rows.length === 0 ? await hintAtCaches(server, cache, progress) : undefined;
  progress.end();
  rows.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.schema - b.schema));
  // there may be more than were asked for
  const isComplete = rows.length < most && !isPartial(coverage);
  if (out.isJson) {
    const entries = rows.map(({ key, schema, bytes, leftMs }) => ({
      key,
      schema,
      bytes: bytes ?? null,
      keptForMs: leftMs ?? null,
    }));
    out.json({ namespace: server.target.namespace, cache, complete: isComplete, hint: hint ?? null, entries });
  } else if (rows.length === 0) out.line(`no entries${hint === undefined ? '' : `. ${hint}`}`);
  else {
    out.table(
      [
        { title: 'key' },
        { title: 'schema', right: true },
        { title: 'bytes', right: true },
        { title: 'kept for', right: true },
      ],
      rows.map(({ key, schema, bytes, leftMs }) => [
        key,
        String(schema),
        bytes === undefined ? '' : bytesText(bytes),
        leftMs === undefined ? '' : leftMs < 0 ? 'ever' : spanText(leftMs),
      ]),
    );
    if (!isComplete) out.line(out.paint('dim', 'there may be more: --rows shows more of them, --limit looks further'));
  }
  return rows.length > 0 ? EXIT.ok : EXIT.no;
}

const numberOf = (reply: unknown): number | undefined => (typeof reply === 'number' ? reply : undefined);
