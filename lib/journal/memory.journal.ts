import { randomUUID } from 'node:crypto';
import type { AppendReceipt, Journal, JournalStatus } from './journal.interface.js';
import { JournalReplica } from './journal-replica.js';

/** The journal of a cache that lives in one process: a record is applied in the very call that makes it. */
export class MemoryJournal implements Journal {
  readonly replica: JournalReplica;
  readonly clockOffsetMs = 0;

  constructor(maxRecords: number, epoch: string = randomUUID()) {
    this.replica = new JournalReplica(maxRecords);
    this.replica.startEpoch(epoch, 0);
    this.replica.trustedFrom = Number.NEGATIVE_INFINITY;
    this.replica.trustedUntil = Number.POSITIVE_INFINITY;
  }

  append(tags: readonly string[]): Promise<AppendReceipt> {
    const { replica } = this;
    const record = { epoch: replica.epoch, position: replica.applied + 1, tags };
    replica.begin(tags);
    replica.apply(record);
    replica.acknowledge(tags, record);
    return Promise.resolve({
      status: 'applied',
      epoch: record.epoch,
      position: record.position,
      fleetStalenessMs: 0,
    });
  }

  confirm(): Promise<boolean> {
    return Promise.resolve(true);
  }

  status(now: number): JournalStatus {
    const { replica } = this;
    return {
      kind: 'memory',
      trusted: true,
      confirmedAt: now,
      epoch: replica.epoch,
      position: replica.applied,
      lag: 0,
      floor: replica.floor,
      queued: 0,
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
