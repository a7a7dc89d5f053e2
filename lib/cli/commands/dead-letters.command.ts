import { openEntry } from '../../entry/entry-codec.js';
import { DEFAULTS } from '../../options/cache-options.defaults.js';
import { deadWrites, discardWrite, type DeadItem } from '../../redis/scripts.js';
import type { DeadNote } from '../../write-behind/write-queue.interface.js';
import { openJournal } from '../announcement.js';
import { EXIT, usageError, type ExitCode } from '../cli-errors.js';
import type { CliServer } from '../cli-server.js';
import type { Command, CommandContext } from '../command.js';
import { reasonText } from '../entry-words.js';
import { valueDocument, valueText } from '../entry-values.js';
import { bytesText, countText, plural, printable, timeText } from '../format.js';
import { findQueues } from '../doctor/namespace-checks.js';
import { Resending } from '../resending.js';

const ROWS = 20;
const PAGE = 100;

export const deadLetters: Command = {
  name: 'dead-letters',
  summary: 'writes that their sink doesn’t take: what they are, and again or away with them',
  takes: '[cache]',
  words: [0, 1],
  options: {
    resend: { value: 'id|all', text: 'puts it into the queue once more; the bytes are those that were written' },
    discard: { value: 'id|all', text: 'forgets it: the value is gone' },
    values: { text: 'shows the values: they may be personal' },
    rows: { value: 'n', text: `of a list (${ROWS})` },
    after: { value: 'id', text: 'goes on behind this one' },
    'max-waiting': {
      value: 'n',
      text: `as writeBehind.maxWaiting of the application (${countText(DEFAULTS.writeBehindMaxWaiting)})`,
    },
  },
  notes: ['A reason is what the sink said, word for word: it may hold a part of the value.'],
  check: (said) => {
    const [resend, discard] = [said.text('resend'), said.text('discard')];
    if (resend !== undefined && discard !== undefined) throw usageError('--resend and --discard don’t go together');
    if ((resend ?? discard) !== undefined && said.words.length === 0)
      throw usageError('of which cache? Write its name');
    for (const [option, id] of [
      ['resend', resend],
      ['discard', discard],
      ['after', said.text('after')],
    ] as const) {
      const isId = id === undefined || /^\d+-\d+$/.test(id) || (id === 'all' && option !== 'after');
      if (!isId)
        throw usageError(
          `--${option} got '${id}'; it takes an id as the list shows them${option === 'after' ? '' : ', or all'}`,
        );
    }
    said.count('rows', ROWS);
    said.count('max-waiting', DEFAULTS.writeBehindMaxWaiting);
    if (said.words.length > 0) said.cache();
  },
  run: async (context) => {
    const server = await context.connect();
    const { said } = context;
    if (said.words.length === 0) return listCaches(context, server);
    if (said.text('resend') !== undefined) return resend(context, server, said.text('resend')!);
    if (said.text('discard') !== undefined) return discard(context, server, said.text('discard')!);
    return listLetters(context, server);
  },
};

const pageOf = async (server: CliServer, cache: string, after: string, count: number) => {
  const { dead, unwritten } = server.keys.writes(cache);
  return server.commands.run(deadWrites, [dead, unwritten], [after, count]);
};

async function listCaches({ out, progress }: CommandContext, server: CliServer): Promise<ExitCode> {
  const rows: { cache: string; deadLetters: number; waiting: number }[] = [];
  for (const cache of (await findQueues(server, progress)) ?? []) {
    const { total, waiting } = await pageOf(server, cache, '0', 1);
    rows.push({ cache, deadLetters: total, waiting });
  }
  progress.end();
  if (out.isJson) out.json({ namespace: server.target.namespace, caches: rows });
  else if (rows.length === 0) out.line('no cache is written behind');
  else
    out.table(
      [{ title: 'cache' }, { title: 'dead letters', right: true }, { title: 'waiting', right: true }],
      rows.map(({ cache, deadLetters: dead, waiting }) => [cache, countText(dead), countText(waiting)]),
    );
  return EXIT.ok;
}

async function listLetters({ said, out }: CommandContext, server: CliServer): Promise<ExitCode> {
  const cache = said.cache();
  const { total, waiting, items } = await pageOf(server, cache, said.text('after') ?? '0', said.count('rows', ROWS));
  const showsValues = said.flag('values');
  if (out.isJson) {
    const letters = items.map((item) => letterDocument(server, cache, item, showsValues));
    out.json({ namespace: server.target.namespace, cache, total, waiting, letters });
    return EXIT.ok;
  }
  out.line(`${plural(total, 'dead letter')} of cache ${cache}; ${plural(waiting, 'write')} wait`);
  if (items.length === 0) return EXIT.ok;
  const right = true;
  out.table(
    [
      { title: 'id' },
      { title: 'key' },
      { title: 'attempts', right },
      { title: 'given up' },
      { title: 'bytes', right },
      { title: 'reason' },
    ],
    items.map((item) => {
      const { reason, attempts, at } = noteOf(item);
      return [
        item.id,
        printable(item.key, 40),
        String(attempts),
        timeText(at),
        bytesText(item.stored.bytes.length),
        reason,
      ];
    }),
  );
  if (showsValues) for (const item of items) out.line(`${item.id}  ${valueLine(server, cache, item)}`);
  if (items.length < total) out.line(out.paint('dim', `more: --after ${items.at(-1)!.id}`));
  return EXIT.ok;
}

const noteOf = ({ note }: DeadItem): DeadNote => JSON.parse(note) as DeadNote;

const openLetter = (server: CliServer, cache: string, { key, stored }: DeadItem) =>
  openEntry(stored.bytes, { address: { cache, schema: 0, key }, clockOffsetMs: 0 }, server.encryptionOf(cache));

function valueLine(server: CliServer, cache: string, item: DeadItem): string {
  const opened = openLetter(server, cache, item);
  return typeof opened === 'string' ? `(${reasonText(opened)})` : valueText(opened);
}

function letterDocument(server: CliServer, cache: string, item: DeadItem, showsValues: boolean): object {
  const { reason, attempts, at } = noteOf(item);
  const document = {
    id: item.id,
    key: item.key,
    reason,
    attempts,
    at: new Date(at).toISOString(),
    bytes: item.stored.bytes.length,
  };
  if (!showsValues) return document;
  const opened = openLetter(server, cache, item);
  return typeof opened === 'string'
    ? { ...document, unreadable: opened }
    : { ...document, value: valueDocument(opened) };
}

/** Dead letters that are meant, page by page. */
async function* meant(server: CliServer, cache: string, id: string): AsyncGenerator<DeadItem> {
  for (let after = id === 'all' ? '0' : idBefore(id); ;) {
    const { items } = await pageOf(server, cache, after, id === 'all' ? PAGE : 1);
    for (const item of items) if (id === 'all' || item.id === id) yield item;
    if (id !== 'all' || items.length < PAGE) return;
    after = items.at(-1)!.id;
  }
}

const idBefore = (id: string): string => {
  const [ms, sequence] = id.split('-').map(Number) as [number, number];
  return sequence > 0 ? `${ms}-${sequence - 1}` : `${Math.max(0, ms - 1)}-${Number.MAX_SAFE_INTEGER}`;
};

async function resend({ said, out, progress }: CommandContext, server: CliServer, id: string): Promise<ExitCode> {
  const cache = said.cache();
  const journal = await openJournal(server, false);
  const resending = await Resending.open(
    server,
    journal,
    cache,
    said.count('max-waiting', DEFAULTS.writeBehindMaxWaiting),
  );
  for await (const item of meant(server, cache, id)) {
    await resending.send(item);
    progress.say(() => `${plural(resending.sent, 'write')} wait again`);
  }
  progress.end();
  const { sent, superseded } = resending;
  if (out.isJson) out.json({ cache, resent: sent, superseded });
  else if (sent + superseded === 0) out.line(`there is no dead letter ${id === 'all' ? `of cache ${cache}` : id}`);
  else {
    out.line(`${plural(sent, 'write')} ${sent === 1 ? 'waits' : 'wait'} for the sink again`);
    if (superseded > 0) out.line(`${plural(superseded, 'write')} not sent: something newer was written since`);
  }
  return sent + superseded === 0 && id !== 'all' ? EXIT.no : EXIT.ok;
}

async function discard({ said, out, progress }: CommandContext, server: CliServer, id: string): Promise<ExitCode> {
  const cache = said.cache();
  const { dead, deadKeys } = server.keys.writes(cache);
  let discarded = 0;
  for await (const item of meant(server, cache, id)) {
    if (await server.commands.run(discardWrite, [dead, deadKeys], [item.id])) discarded++;
    progress.say(() => `${plural(discarded, 'dead letter')} discarded`);
  }
  progress.end();
  if (out.isJson) out.json({ cache, discarded });
  else
    out.line(
      discarded === 0
        ? `there is no dead letter ${id === 'all' ? `of cache ${cache}` : id}`
        : `${plural(discarded, 'dead letter')} discarded`,
    );
  return discarded === 0 && id !== 'all' ? EXIT.no : EXIT.ok;
}
