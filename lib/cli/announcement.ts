import { RedisJournal } from '../journal/redis.journal.js';
import { RedisFault } from '../redis/redis-fault.js';
import { redisError } from './cli-errors.js';
import type { CliServer } from './cli-server.js';
import type { CommandContext } from './command.js';
import { spanText, timeText } from './format.js';
import { timeOf } from '../journal/journal-position.js';
import type { OptionSpecs } from './option-specs.js';

export const ANNOUNCE_OPTIONS: OptionSpecs = {
  settled: { text: 'waits until no process can answer with the old value any more' },
  replicated: { text: 'waits until a replica has the record, and says whether one has' },
};

export const ANNOUNCE_NOTES = [
  'Every process of the application hears of it, as of one of its own. Caches behind the application (a CDN, Varnish)',
  'don’t: they are purged by the process that invalidates.',
] as const;

/** Added to the bound that `settled` waits for, because timers and clocks aren't exact. */
const MARGIN_MS = 50;
const PAGE = 1_000;

/** A journal to write to: it confirms once, and follows nothing. */
export async function openJournal(server: CliServer, isReplicated: boolean): Promise<RedisJournal> {
  const { commands, keys, runtime, target } = server;
  const feed = { read: () => Promise.reject(new RedisFault('unreachable', 'nobody follows')) };
  const journal = new RedisJournal(
    { commands, feed, keys, runtime, report: () => {} },
    {
      maxStalenessMs: target.timeoutMs,
      // it serves nothing: nobody has to wait for it
      boundMs: 0,
      // the processes of the application say how many are kept
      maxRecords: Number.MAX_SAFE_INTEGER,
      maxAgeMs: 0,
      pageSize: PAGE,
      replicationWaitMs: isReplicated ? target.timeoutMs / 2 : 0,
    },
  );
  if (await journal.confirm()) return journal;
  await journal.close();
  throw redisError(`the journal can't be used, and nothing was invalidated: ${journal.lastFault ?? 'no answer'}`);
}

export interface Announced {
  readonly position: number;
  readonly at: number;
  readonly replicated: boolean | undefined;
  readonly settledMs: number | undefined;
}

/** Invalidates, as a process of the application would. @param tags with the prefix of their kind */
export async function announce(
  { said, progress, io }: CommandContext,
  server: CliServer,
  tags: readonly string[],
): Promise<Announced> {
  const journal = await openJournal(server, said.flag('replicated'));
  const receipt = await journal.append(tags);
  if (receipt.status === 'queued')
    throw redisError(
      `Redis didn't acknowledge it, so it may or may not have been invalidated; do it again: ${journal.lastFault ?? 'no answer'}`,
    );
  const { position, replicated, fleetStalenessMs } = receipt;
  const waitMs = said.flag('settled') ? fleetStalenessMs + MARGIN_MS : undefined;
  if (waitMs !== undefined) {
    progress.wait(`waiting ${spanText(waitMs)} for the slowest process`);
    await new Promise<void>((resolve) => io.runtime.after(waitMs, resolve));
  }
  return { position, at: timeOf(position), replicated, settledMs: waitMs };
}

/** What became of it. @param what was done, in words */
export function reportAnnounced({ out }: CommandContext, what: string, announced: Announced, more: object = {}): void {
  const { position, at, replicated, settledMs } = announced;
  if (out.isJson) {
    out.json({
      status: 'applied',
      position,
      at: new Date(at).toISOString(),
      replicated: replicated ?? null,
      settled: settledMs !== undefined,
      ...more,
    });
    return;
  }
  out.line(`${what}, in the journal as of ${timeText(at)}`);
  if (replicated !== undefined) out.line(replicated ? 'a replica has it too' : 'no replica confirmed it in time');
  if (settledMs !== undefined) out.line('no process answers with the old value any more');
}
