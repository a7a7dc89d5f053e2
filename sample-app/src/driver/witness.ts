import type { Sighting } from './versions.js';

/** An answer that showed an old version of something, though a newer one was acknowledged before the read began. */
export interface LateRead {
  subject: string;
  acknowledged: number;
  answered: number;
  /** The newer version was written through the very process that was asked. */
  ownWrite: boolean;
  /** When that was acknowledged, and when the read began and ended; ms since the epoch. */
  writtenAt: number;
  begunAt: number;
  endedAt: number;
}

/** A point in the witness's time: after so many writes. */
export interface Moment {
  writes: number;
  at: number;
}

interface Write {
  version: number;
  process: number;
  acknowledged: Moment;
}

/**
 * Catches stale reads from the outside. Every write raises a version in the database and is answered with it, so a read
 * that began after such an answer arrived, and shows a lower version, was given an old value.
 */
export class Witness {
  readonly lateReads: LateRead[] = [];
  private readonly history = new Map<string, Write[]>();
  private writes = 0;

  /** The moment a read begins: pass it to `check` with the answer. */
  now(): Moment {
    return { writes: this.writes, at: performance.timeOrigin + performance.now() };
  }

  /** @param process which one was asked, where there are several */
  written(sightings: readonly Sighting[], process = 0): void {
    for (const [subject, version] of sightings) {
      const writes = this.history.get(subject) ?? [];
      this.history.set(subject, writes);
      writes.push({ version, process, acknowledged: this.now() });
      this.writes++;
    }
  }

  check(begun: Moment, sightings: readonly Sighting[], process = 0): void {
    for (const [subject, answered] of sightings) {
      const missed = (this.history.get(subject) ?? []).filter(
        ({ version, acknowledged }) => version > answered && acknowledged.writes < begun.writes,
      );
      const ownWrite = missed.find((write) => write.process === process);
      const write = ownWrite ?? missed[0];
      if (!write) continue;
      this.lateReads.push({
        subject,
        acknowledged: write.version,
        answered,
        ownWrite: ownWrite !== undefined,
        writtenAt: write.acknowledged.at,
        begunAt: begun.at,
        endedAt: this.now().at,
      });
    }
  }
}
