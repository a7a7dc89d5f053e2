import type { EntryHeader } from '../entry/cache-entry.js';
import { ANY_RECORD, cacheTag, EVERYTHING, keyTag, readableTag, softTag } from '../entry/tags.js';
import { timeOf } from '../journal/journal-position.js';
import { JournalReplica } from '../journal/journal-replica.js';
import type { JournalRecord } from '../journal/journal-record.js';
import type { CliServer } from './cli-server.js';
import { reasonText } from './entry-words.js';
import { countText, plural, spanText, timeText } from './format.js';
import { readJournal, recordsFrom, type JournalState } from './journal-view.js';
import type { Progress } from './progress.js';
import type { StoredView } from './stored-entries.js';

/**
 * - `fresh`: an answer. `soft`: as good as just expired. `grace`: expired, and may stand in.
 * - `expired`, `invalidated`, `other-epoch`, `lost`, `too-old`, `unreadable`, `missing`: no answer.
 */
export type EntryState =
  | 'fresh'
  | 'soft'
  | 'grace'
  | 'expired'
  | 'invalidated'
  | 'other-epoch'
  | 'lost'
  | 'too-old'
  | 'unreadable'
  | 'missing';

export interface Explanation {
  readonly state: EntryState;
  /** A sentence. */
  readonly reason: string;
  /** The first record that made it so. */
  readonly record?: JournalRecord;
  /** Of the tags of the record, the one that the entry carries. */
  readonly tag?: string;
}

/** Why an entry is an answer, or isn't, as a process would find that has just started. @param now by the server's clock */
export async function explain(
  server: CliServer,
  { opened }: StoredView,
  now: number,
  progress: Progress,
): Promise<Explanation> {
  if (typeof opened === 'string') return { state: 'unreadable', reason: `a miss: ${reasonText(opened)}` };
  const { header } = opened;
  const journal = await readJournal(server);
  if (journal === undefined) return { state: 'other-epoch', reason: 'a miss: there is no journal to judge it by' };
  const old = beforeJournal(header, journal);
  if (old !== undefined) return old;
  const replay = await replayBehind(server, header, journal, progress);
  if (replay.verdict === 'dead')
    return { state: 'invalidated', ...culprit(replay.hard, now, 'no answer since it was invalidated') };
  if (now >= header.graceUntil) return { state: 'expired', reason: `a miss: it expired ${ago(header.staleAt, now)}` };
  if (now >= header.staleAt)
    return {
      state: 'grace',
      reason: `it expired ${ago(header.staleAt, now)}, and may stand in until ${timeText(header.graceUntil)} where the cache has grace`,
    };
  if (replay.verdict === 'soft')
    return { state: 'soft', ...culprit(replay.soft, now, 'stale but good enough for grace: softly invalidated') };
  const looked =
    replay.count === 0
      ? 'nothing at all was invalidated'
      : `none of the ${plural(replay.count, 'invalidation')} names a tag of it`;
  return { state: 'fresh', reason: `a hit for ${spanText(header.staleAt - now)} more: since it was loaded ${looked}` };
}

const ago = (time: number, now: number): string => `${spanText(now - time)} ago`;

function beforeJournal({ epoch, position }: EntryHeader, journal: JournalState): Explanation | undefined {
  if (epoch !== journal.epoch)
    return {
      state: 'other-epoch',
      reason: `a miss: the journal began anew at ${timeText(timeOf(Number.parseInt(journal.epoch, 10)))}, and it is from another one`,
    };
  if (position > journal.head)
    return { state: 'lost', reason: 'a miss: it is from a part of the journal that the server has lost' };
  if (position < journal.floor)
    return {
      state: 'too-old',
      reason: `a miss for processes that start: the journal goes back to ${timeText(timeOf(journal.floor))}, and it began to be loaded before`,
    };
  return undefined;
}

interface Blamed {
  readonly record: JournalRecord;
  readonly tag: string;
}

function culprit(
  blamed: Blamed | undefined,
  now: number,
  what: string,
): Pick<Explanation, 'reason' | 'record' | 'tag'> {
  if (blamed === undefined) return { reason: what };
  const { record, tag } = blamed;
  const at = timeOf(record.position);
  return { reason: `${what}, ${ago(at, now)} at ${timeText(at)}: ${readableTag(tag)}`, record, tag };
}

async function replayBehind(server: CliServer, header: EntryHeader, journal: JournalState, progress: Progress) {
  const replica = new JournalReplica(Number.MAX_SAFE_INTEGER);
  replica.startEpoch(journal.epoch, header.position);
  const carried = new Set(header.tags);
  const shadows = new Set(header.tags.map(softTag));
  let [hard, soft]: (Blamed | undefined)[] = [];
  let count = 0;
  for await (const record of recordsFrom(server, header.position + 1)) {
    replica.apply(record);
    count++;
    progress.say(() => `read ${countText(count)} records of the journal`);
    if (record.position === header.ownRecord) continue;
    const tag = carried.has(ANY_RECORD) ? ANY_RECORD : record.tags.find((each) => carried.has(each));
    const shadow = record.tags.find((each) => shadows.has(each));
    if (tag !== undefined) hard ??= { record, tag };
    if (shadow !== undefined) soft ??= { record, tag: shadow };
  }
  return { verdict: replica.judge(header, Number.MAX_SAFE_INTEGER), hard, soft, count };
}

/** The newest record that names one of these keys, their cache, or everything. */
export async function lastRecordAbout(
  server: CliServer,
  cache: string,
  keys: readonly string[],
  progress: Progress,
): Promise<Blamed | undefined> {
  const tags = [EVERYTHING, cacheTag(cache), ...keys.map((key) => keyTag(cache, key))];
  const wanted = new Set([...tags, ...tags.map(softTag)]);
  let last: Blamed | undefined;
  let count = 0;
  for await (const record of recordsFrom(server, 0)) {
    progress.say(() => `read ${countText(++count)} records of the journal`);
    const tag = record.tags.find((each) => wanted.has(each));
    if (tag !== undefined) last = { record, tag };
  }
  return last;
}
