import type { Sighting } from './versions.js';

export interface StaleRead {
  subject: string;
  acknowledged: number;
  answered: number;
}

/**
 * Catches stale reads from the outside. Every write raises a version in the database and is answered with it, so a read
 * that began after such an answer arrived, and shows a lower version, was given an old value.
 */
export class Witness {
  readonly staleReads: StaleRead[] = [];
  private readonly acknowledged = new Map<string, number>();
  private readonly history: Sighting[] = [];

  /** The moment a read begins: pass it to `check` with the answer. */
  now(): number {
    return this.history.length;
  }

  written(sightings: readonly Sighting[]): void {
    for (const [subject, version] of sightings) {
      if (version <= (this.acknowledged.get(subject) ?? 0)) continue;
      this.acknowledged.set(subject, version);
      this.history.push([subject, version]);
    }
  }

  check(begin: number, sightings: readonly Sighting[]): void {
    for (const [subject, answered] of sightings) {
      const latest = this.acknowledged.get(subject) ?? 0;
      if (answered >= latest) continue;
      const acknowledged = this.acknowledgedBefore(begin, subject, latest);
      if (answered < acknowledged) this.staleReads.push({ subject, acknowledged, answered });
    }
  }

  /** The latest version, unless it was acknowledged only while the read was under way. */
  private acknowledgedBefore(begin: number, subject: string, latest: number): number {
    const during = this.history.slice(begin).filter(([written]) => written === subject);
    if (during.length === 0) return latest;
    return this.history.slice(0, begin).findLast(([written]) => written === subject)?.[1] ?? 0;
  }
}
