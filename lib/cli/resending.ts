import { keyTag } from '../entry/tags.js';
import type { RedisJournal } from '../journal/redis.journal.js';
import { queueWrite, type DeadItem, type QueueReply } from '../redis/scripts.js';
import { CliError, EXIT } from './cli-errors.js';
import type { CliServer } from './cli-server.js';

/**
 * Puts dead letters of a cache back into its queue, in the one step an application does it in. Their bytes stay as they
 * are: nothing has to be decoded, decrypted or known of the classes in them.
 */
export class Resending {
  sent = 0;
  /** Not sent: the key was written anew since. */
  superseded = 0;

  private constructor(
    private readonly server: CliServer,
    private readonly journal: RedisJournal,
    private readonly cache: string,
    private readonly maxWaiting: number,
  ) {}

  /** @throws CliError where only the application can do it */
  static async open(server: CliServer, journal: RedisJournal, cache: string, maxWaiting: number): Promise<Resending> {
    const state = server.full(server.keys.ids(cache, 'state'));
    if (Number(await server.call('EXISTS', state)) === 0) return new Resending(server, journal, cache, maxWaiting);
    throw new CliError(
      EXIT.no,
      `cache ${cache} has known ids, to which only the application can add: cache.writeQueue('${cache}').resend() there`,
    );
  }

  async send({ id, key, stored }: DeadItem): Promise<void> {
    const { keys } = this.server;
    const { unwritten, queue, dead, deadKeys } = keys.writes(this.cache);
    const at = [keys.clock, keys.journal, unwritten, queue, dead, deadKeys] as const;
    let refusal: Exclude<QueueReply, { status: 'queued' }> | undefined;
    await this.journal.appendBy([keyTag(this.cache, key)], async (record, send) => {
      const sent = await send(queueWrite, at, [...record, key, stored.bytes, this.maxWaiting, id]);
      if (sent.result.status === 'queued') return { ...sent, result: sent.result };
      refusal = sent.result;
      return undefined;
    });
    if (refusal === undefined) this.sent++;
    else if (refusal.status === 'superseded') this.superseded++;
    else
      throw new CliError(
        EXIT.no,
        `${refusal.waiting} writes wait already; ${this.sent} were sent again before that. See why the sink is behind, or say --max-waiting`,
      );
  }
}
