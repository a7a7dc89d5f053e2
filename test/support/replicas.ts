import { JournalReplica } from '../../lib/journal/journal-replica.js';

/** A replica in epoch `e1` that has applied everything up to a position and remembers nothing of it. */
export function replicaAt(position: number, maxTags = 1_000): JournalReplica {
  const replica = new JournalReplica(maxTags);
  replica.startEpoch('e1', position);
  return replica;
}
