import { readableTag } from '../../entry/tags.js';
import { idOf, positionAt, timeOf } from '../../journal/journal-position.js';
import { readRecord, type ChainedRecord } from '../../journal/journal-wire.js';
import { RedisFault } from '../../redis/redis-fault.js';
import { EXIT, usageError } from '../cli-errors.js';
import type { CliServer } from '../cli-server.js';
import type { Command, CommandContext } from '../command.js';
import { printable, timeText } from '../format.js';
import { lastRecords, recordsFrom } from '../journal-view.js';

const LAST = 10;
const BLOCK_MS = 1_000;
const RETRY_MS = 500;

/** The journal, as it is written. */
export const tail: Command = {
  name: 'tail',
  summary: 'follows the journal: each invalidation, as it happens',
  takes: '',
  words: [0, 0],
  options: {
    last: { value: 'n', text: `begins with so many of the newest records (${LAST})` },
    since: { value: 'duration', text: 'begins with the records of the last 10m, 1h …' },
    count: { value: 'n', text: 'ends after so many records' },
  },
  notes: ['Ends with Ctrl-C. With --json each record is a line.'],
  isEndless: true,
  check: (said) => {
    if (said.text('last') !== undefined && said.text('since') !== undefined)
      throw usageError('--last and --since were given; one of them says where to begin');
    said.count('last', LAST, 0);
    said.count('count', 1);
    said.durationMs('since');
  },
  run: async (context) => new Tail(context, await context.connect()).run(),
};

class Tail {
  #left: number;
  #epoch: string | undefined;

  constructor(
    private readonly context: CommandContext,
    private readonly server: CliServer,
  ) {
    this.#left = context.said.count('count', Number.MAX_SAFE_INTEGER);
  }

  async run() {
    const { signal } = this.context.io;
    let afterId = await this.#begin();
    for (let isAway = false; this.#left > 0 && !signal.aborted;) {
      try {
        const items = await this.#unlessInterrupted(
          this.server.feed.read(this.server.keys.journal, afterId, Math.min(BLOCK_MS, this.server.target.timeoutMs)),
        );
        if (isAway) this.#note('connected again');
        isAway = false;
        for (const item of items ?? []) {
          afterId = item.id;
          const record = readRecord(item);
          if (record !== undefined) this.#show(record);
        }
      } catch (error) {
        if (!(error instanceof RedisFault) || !error.isOutage) throw error;
        if (!isAway) this.#note(`the connection is lost, trying again: ${error.message}`);
        isAway = true;
        await this.#pause();
      }
    }
    return EXIT.ok;
  }

  /** @returns the id behind which to go on */
  async #begin(): Promise<string> {
    const { said } = this.context;
    const sinceMs = said.durationMs('since');
    if (sinceMs === undefined) {
      const count = said.count('last', LAST, 0);
      const records = await lastRecords(this.server, Math.max(1, count));
      if (count > 0) for (const record of records) this.#show(record);
      return idOf(records.at(-1)?.position ?? 0);
    }
    let last = positionAt(Math.max(0, (await this.server.now()) - sinceMs));
    for await (const record of recordsFrom(this.server, last)) {
      if (this.#left === 0 || this.context.io.signal.aborted) break;
      this.#show(record);
      last = record.position;
    }
    return idOf(last);
  }

  #show(record: ChainedRecord): void {
    if (this.#left === 0) return;
    this.#left--;
    const { out } = this.context;
    const { epoch, position, tags } = record;
    const at = timeOf(position);
    if (out.isJson) {
      out.json({ at: new Date(at).toISOString(), position, epoch, tags: tags.map(readableTag), rawTags: tags }, true);
      return;
    }
    if (this.#epoch !== undefined && this.#epoch !== epoch) this.#note('the journal began anew: every entry is a miss');
    this.#epoch = epoch;
    out.line(`${out.paint('dim', timeText(at))}  ${tags.map((tag) => printable(readableTag(tag))).join(', ')}`);
  }

  #note(text: string): void {
    this.context.io.stderr.write(`${text}\n`);
  }

  async #unlessInterrupted<T>(reading: Promise<T>): Promise<T | undefined> {
    const { signal } = this.context.io;
    let end = (): void => {};
    const interrupted = new Promise<undefined>((resolve) => (end = () => resolve(undefined)));
    signal.addEventListener('abort', end);
    try {
      return await Promise.race([reading, interrupted]);
    } finally {
      signal.removeEventListener('abort', end);
      reading.catch(() => {});
    }
  }

  async #pause(): Promise<void> {
    await this.#unlessInterrupted(new Promise<void>((resolve) => this.server.runtime.after(RETRY_MS, resolve)));
  }
}
