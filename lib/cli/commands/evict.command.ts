import { keyTag } from '../../entry/tags.js';
import { ANNOUNCE_NOTES, ANNOUNCE_OPTIONS, announce, reportAnnounced } from '../announcement.js';
import { EXIT } from '../cli-errors.js';
import type { Command } from '../command.js';
import { KEY_NOTES, KEY_OPTIONS, keysOf } from '../entry-keys.js';
import { plural, printable } from '../format.js';
import { findEntries, hintAtCaches, SCHEMA_OPTION } from '../stored-entries.js';

export const evict: Command = {
  name: 'evict',
  summary: 'makes one entry stale, in all processes, and removes it from Redis',
  takes: '<cache> <key>',
  words: [1, 2],
  options: { ...KEY_OPTIONS, ...SCHEMA_OPTION, ...ANNOUNCE_OPTIONS },
  notes: [...KEY_NOTES, ...ANNOUNCE_NOTES],
  check: (said) => {
    said.cache();
    keysOf(said);
  },
  run: async (context) => {
    const server = await context.connect();
    const { said, out, progress } = context;
    const [cache, keys] = [said.cache(), keysOf(said)];
    const announced = await announce(
      context,
      server,
      keys.map((key) => keyTag(cache, key)),
    );
    const views = await findEntries(server, cache, keys, said);
    for (const { address } of views)
      await server.commands.unlink(server.keys.entry(cache, address.schema, address.key));
    const hint = views.length === 0 ? await hintAtCaches(server, cache, progress) : undefined;
    progress.end();
    reportAnnounced(
      context,
      `evicted ${keys.map((key) => printable(key)).join(' and ')} of cache ${cache}`,
      announced,
      {
        cache,
        keys,
        removed: views.length,
        hint: hint ?? null,
      },
    );
    if (!out.isJson)
      out.line(
        views.length === 0
          ? `nothing was stored in Redis under this key${hint === undefined ? '' : `. ${hint}`}`
          : `${plural(views.length, 'entry', 'entries')} removed`,
      );
    return EXIT.ok;
  },
};
