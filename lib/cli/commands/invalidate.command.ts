import { readableTag, softTag, userTag } from '../../entry/tags.js';
import { ANNOUNCE_NOTES, ANNOUNCE_OPTIONS, announce, reportAnnounced } from '../announcement.js';
import { EXIT, usageError } from '../cli-errors.js';
import type { Command } from '../command.js';
import { printable } from '../format.js';

export const invalidate: Command = {
  name: 'invalidate',
  summary: 'makes every entry with one of these tags stale, in all processes',
  takes: '<tag> …',
  words: [1, Number.MAX_SAFE_INTEGER],
  options: {
    soft: { text: 'they may stand in while they are refreshed, where a cache has grace' },
    ...ANNOUNCE_OPTIONS,
  },
  notes: ANNOUNCE_NOTES,
  check: (said) => {
    said.tags();
    if (said.flag('soft') && said.flag('settled'))
      throw usageError('--settled and --soft don’t go together: what is softly invalidated may still be served');
  },
  run: async (context) => {
    const server = await context.connect();
    const tags = context.said.tags().map(userTag);
    const sent = context.said.flag('soft') ? tags.map(softTag) : tags;
    const announced = await announce(context, server, sent);
    context.progress.end();
    reportAnnounced(context, `invalidated ${sent.map((tag) => printable(readableTag(tag))).join(', ')}`, announced, {
      tags: context.said.tags(),
    });
    return EXIT.ok;
  },
};
