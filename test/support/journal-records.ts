import { BEGIN, packTags, type ChainedRecord } from '../../lib/journal/journal-wire.js';
import { idOf } from '../../lib/journal/journal-position.js';
import type { StreamItem, SyncReply } from '../../lib/redis/scripts.js';

export const EPOCH = '1.e1';

/** A journal that begins at 10: a record for each position, which names the one before it; its nonce is `n<position>`. */
export function journal(...positions: readonly number[]): ChainedRecord[] {
  return history(EPOCH, 'n', positions);
}

/** The same positions with other nonces are another history. */
export function history(epoch: string, letter: string, positions: readonly number[], begin = 10): ChainedRecord[] {
  let [previous, previousNonce] = [begin, BEGIN];
  return positions.map((position) => {
    const record = { epoch, position, tags: [`t:${position}`], nonce: `${letter}${position}`, previous, previousNonce };
    [previous, previousNonce] = [position, record.nonce];
    return record;
  });
}

export const itemOf = ({ epoch, position, tags, nonce, previous, previousNonce }: ChainedRecord): StreamItem => ({
  id: idOf(position),
  record: Buffer.from(['1', epoch, previous, previousNonce, nonce, packTags(tags)].join('|')),
});

/** What a server answers that has these records, oldest first, and sends all that are behind a position. */
export function replyOf(
  kind: SyncReply['kind'],
  records: readonly ChainedRecord[],
  {
    behind = 0,
    begin = 10,
    epoch = records.at(-1)?.epoch ?? EPOCH,
  }: { behind?: number; begin?: number; epoch?: string } = {},
): SyncReply {
  const last = records.at(-1);
  const sent = records.filter(({ position }) => position > behind).map(itemOf);
  return {
    kind,
    epoch,
    head: last?.position ?? begin,
    headNonce: last?.nonce ?? BEGIN,
    floor: begin,
    boundMs: 0,
    timeMs: 0,
    items: kind === 'rebuild' ? sent.toReversed() : sent,
  };
}
