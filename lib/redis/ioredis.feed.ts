import type { HeldClient } from './held-client.js';
import type { JournalFeed } from './redis-commands.interface.js';
import { RedisFault } from './redis-fault.js';
import type { StreamItem } from './scripts.js';
import { faultOf } from './server-reply.js';
import { streamItems } from './stream-items.js';

const PAGE = 1_000;
/** How much longer than it was asked to wait a server may take before nobody is believed to be there. */
const PATIENCE_MS = 1_000;

/** The blocking read over a connection of its own, which is given up when nothing comes from it in time. */
export class IoredisFeed implements JournalFeed {
  constructor(private readonly connection: HeldClient) {}

  async read(stream: string, afterId: string, blockMs: number): Promise<readonly StreamItem[]> {
    // 0 would mean for ever
    const waitMs = Math.max(1, Math.round(blockMs));
    const reply = await this.#withDeadline(
      this.connection.usable.callBuffer('xread', 'COUNT', PAGE, 'BLOCK', waitMs, 'STREAMS', stream, afterId),
      waitMs + PATIENCE_MS,
    );
    if (reply === null) return [];
    const [[, items] = [undefined, []]] = reply as [stream: Buffer, items: unknown][];
    return streamItems(items);
  }

  async #withDeadline(reply: Promise<unknown>, deadlineMs: number): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const overdue = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const fault = new RedisFault('timeout', `no answer from the stream within ${deadlineMs} ms`);
        this.connection.replace(fault.message);
        reject(fault);
      }, deadlineMs);
    });
    try {
      return await Promise.race([reply, overdue]);
    } catch (error) {
      throw faultOf(error);
    } finally {
      clearTimeout(timer);
    }
  }
}
