import { randomUUID } from 'node:crypto';
import type { Runtime, Timer } from '../cache.runtime.js';
import type { RedisClientLike } from '../options/redis-options.interface.js';
import { HeldClient } from '../redis/held-client.js';
import type { EventLog } from './event-log.js';
import type { TransportLine } from './transport-watch.js';

const PAGE = 100;
const BLOCK_MS = 2_000;
/** A blocking read that is so late won't come any more. */
const PATIENCE_MS = 1_000;
/** What somebody took and didn't finish in that time is taken over. */
const ABANDONED_MS = 15_000;
const LOOK_EVERY_MS = 2_000;
const RETRY_MS = 250;
const FIELD = 'event';

export interface StreamTerms {
  readonly stream: string;
  readonly group: string;
  readonly receive: (text: Buffer) => Promise<void>;
  /** Events may have been lost: the stream or its group is gone. */
  readonly lost: () => void;
}

type StreamItem = readonly [id: Buffer, fields: readonly Buffer[] | null];

/**
 * A consumer of a group: each event is applied by one process, and acknowledged once it is; what a process leaves
 * behind is taken over by another. https://redis.io/docs/latest/commands/xreadgroup/
 */
export class RedisStream {
  readonly #consumer = randomUUID();
  readonly #connection: HeldClient;
  #running: Promise<void> | undefined;
  #closed = false;
  /** Where the next group begins: at what comes, and after a loss at what is there. */
  #from: '$' | '0' = '$';
  #wake = (): void => undefined;

  constructor(
    open: () => RedisClientLike,
    private readonly terms: StreamTerms,
    private readonly line: TransportLine,
    private readonly runtime: Runtime,
    private readonly log: EventLog,
  ) {
    this.#connection = new HeldClient(open, true, (isUsable, reason) => {
      line.changed(isUsable);
      if (!isUsable) this.log.warn('stream', `the stream ${terms.stream} can’t be read: ${reason}`);
      this.#wake();
    });
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    await this.#connection.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    let hasGroup = false;
    let lookAgainAt = 0;
    while (!this.#closed) {
      try {
        if (!hasGroup) await this.#createGroup();
        hasGroup = true;
        if (this.runtime.monotonic() >= lookAgainAt) {
          lookAgainAt = this.runtime.monotonic() + LOOK_EVERY_MS;
          await this.#takeOver();
        }
        await this.#readNew();
      } catch (error) {
        if (this.#closed) return;
        const isGone = String(error).includes('NOGROUP');
        if (isGone && hasGroup) this.#wasLost();
        if (isGone) hasGroup = false;
        else await this.#pause(error);
      }
    }
  }

  #wasLost(): void {
    this.#from = '0';
    this.log.warn('stream lost', `the stream ${this.terms.stream} is gone, and with it events that nobody has read`);
    this.terms.lost();
  }

  async #createGroup(): Promise<void> {
    const { stream, group } = this.terms;
    try {
      await this.#call('xgroup', 'CREATE', stream, group, this.#from, 'MKSTREAM');
    } catch (error) {
      if (!String(error).includes('BUSYGROUP')) throw error;
    }
  }

  /** What others took and left. */
  async #takeOver(): Promise<void> {
    const { stream, group } = this.terms;
    for (let cursor = '0-0'; ;) {
      const reply = await this.#call('xautoclaim', stream, group, this.#consumer, ABANDONED_MS, cursor, 'COUNT', PAGE);
      const [next, items] = reply as [Buffer, StreamItem[]];
      await this.#apply(items);
      cursor = String(next);
      if (cursor === '0-0') return;
    }
  }

  async #readNew(): Promise<void> {
    const { stream, group } = this.terms;
    const reply = await this.#call(
      'xreadgroup',
      'GROUP',
      group,
      this.#consumer,
      'COUNT',
      PAGE,
      'BLOCK',
      BLOCK_MS,
      'STREAMS',
      stream,
      '>',
    );
    if (reply === null) return;
    const [[, items]] = reply as [[Buffer, StreamItem[]]];
    await this.#apply(items);
  }

  async #apply(items: readonly StreamItem[]): Promise<void> {
    if (items.length === 0) return;
    await Promise.all(items.map(([, fields]) => this.terms.receive(textOf(fields))));
    await this.#call('xack', this.terms.stream, this.terms.group, ...items.map(([id]) => id));
  }

  /** @param command in small letters, without which ioredis doesn't know what its answer looks like */
  async #call(command: string, ...args: (string | number | Buffer)[]): Promise<unknown> {
    let timer: Timer | undefined;
    const overdue = new Promise<never>((_, reject) => {
      timer = this.runtime.after(BLOCK_MS + PATIENCE_MS, () => {
        this.#connection.replace('no answer in time');
        reject(new Error('no answer in time'));
      });
    });
    try {
      return await Promise.race([this.#connection.usable.callBuffer(command, ...args), overdue]);
    } finally {
      timer?.cancel();
    }
  }

  /** Until the connection changes, or a moment. */
  #pause(error: unknown): Promise<void> {
    this.log.warn('stream', `the stream ${this.terms.stream} can’t be read: ${String(error)}`);
    return new Promise((resolve) => {
      const timer = this.runtime.after(RETRY_MS, resolve, { background: true });
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}

/** What isn't there can't be read either, and is refused like everything that can't. */
function textOf(fields: readonly Buffer[] | null): Buffer {
  const at = fields?.findIndex((field, index) => index % 2 === 0 && String(field) === FIELD) ?? -1;
  return at < 0 ? Buffer.alloc(0) : fields![at + 1]!;
}
