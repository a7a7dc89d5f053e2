import { cacheTag, EVERYTHING, softTag } from '../../entry/tags.js';
import { ANNOUNCE_NOTES, ANNOUNCE_OPTIONS, announce, reportAnnounced } from '../announcement.js';
import { EXIT, usageError } from '../cli-errors.js';
import type { CliServer } from '../cli-server.js';
import type { Command, CommandContext } from '../command.js';
import { countText, plural } from '../format.js';
import { entryNameOf, escapeGlob, namespacePattern, scanKeys } from '../keyspace.js';
import { hintAtCaches } from '../stored-entries.js';

export const clear: Command = {
  name: 'clear',
  summary: 'makes every entry of a cache stale, in all processes; with --all those of all caches',
  takes: '<cache>',
  words: [0, 1],
  options: {
    all: { text: 'every cache of the namespace' },
    soft: { text: 'they may stand in while they are refreshed, where a cache has grace' },
    remove: { text: 'removes them from Redis as well; without it they are there until they expire, and are no hits' },
    ...ANNOUNCE_OPTIONS,
  },
  notes: ANNOUNCE_NOTES,
  check: (said) => {
    if (said.flag('all') && said.words.length > 0) throw usageError('say a cache or --all, not both');
    if (!said.flag('all') && said.words.length === 0) throw usageError('which cache? Write its name, or say --all');
    if (said.words.length > 0) said.cache();
    for (const other of ['remove', 'settled']) {
      if (said.flag('soft') && said.flag(other))
        throw usageError(`--${other} and --soft don’t go together: what is softly invalidated may still be served`);
    }
  },
  run: async (context) => {
    const server = await context.connect();
    const { said, out, progress } = context;
    const cache = said.flag('all') ? undefined : said.cache();
    const tag = cache === undefined ? EVERYTHING : cacheTag(cache);
    const announced = await announce(context, server, [said.flag('soft') ? softTag(tag) : tag]);
    const removed = said.flag('remove') ? await removeEntries(context, server, cache) : undefined;
    const hint = cache === undefined || (removed ?? 0) > 0 ? undefined : await hintAtCaches(server, cache, progress);
    progress.end();
    const what = cache === undefined ? 'every cache' : `cache ${cache}`;
    reportAnnounced(context, `cleared ${what}${said.flag('soft') ? ' (soft)' : ''}`, announced, {
      cache: cache ?? null,
      removed: removed ?? null,
      hint: hint ?? null,
    });
    if (!out.isJson && removed !== undefined) out.line(`${plural(removed, 'entry', 'entries')} removed`);
    if (!out.isJson && hint !== undefined) out.line(hint);
    return EXIT.ok;
  },
};

async function removeEntries(
  { progress }: CommandContext,
  server: CliServer,
  cache: string | undefined,
): Promise<number> {
  const pattern =
    cache === undefined
      ? namespacePattern(server)
      : `${escapeGlob(server.full(`${server.target.namespace}:${cache}:v`))}*`;
  const coverage = { looked: 0, total: 0 };
  let removed = 0;
  for await (const { node, names } of scanKeys(server, pattern, {
    most: Number.MAX_SAFE_INTEGER,
    coverage,
    progress,
  })) {
    const entries = names.filter((name) => entryNameOf(server, name) !== undefined);
    // one by one: keys of one command would have to be in one slot
    const replies = await server.askMany(
      node,
      entries.map((name) => ['UNLINK', name]),
    );
    removed += replies.filter((reply) => reply === 1).length;
    progress.say(
      () =>
        `removed ${countText(removed)}, looked at ${countText(coverage.looked)} of ${countText(coverage.total)} keys`,
    );
  }
  return removed;
}
