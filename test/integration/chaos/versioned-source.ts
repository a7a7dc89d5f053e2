import { monotonicMs } from './chaos-run.js';

interface Commit {
  readonly version: number;
  readonly at: number;
}

/** The database: every change of a row is a version of its own, and whoever reads sees all that was committed. */
export class VersionedSource {
  readonly #commits: Commit[][];
  readonly #places = new Map<number, number>();
  #versions = 0;

  constructor(
    rows: number,
    private readonly now: () => number = monotonicMs,
  ) {
    this.#commits = Array.from({ length: rows }, () => []);
    for (let row = 0; row < rows; row++) this.commit(row);
  }

  versionOf(row: number): number {
    return this.#commits[row]!.at(-1)!.version;
  }

  /** @returns the new version, which no other row has */
  commit(row: number): number {
    const commits = this.#commits[row]!;
    const version = ++this.#versions;
    this.#places.set(version, commits.length);
    commits.push({ version, at: this.now() });
    return version;
  }

  /** Which state of the row it is, counted from 0; `undefined` for a version that the row never had. */
  placeOf(row: number, version: number): number | undefined {
    const place = this.#places.get(version);
    return place !== undefined && this.#commits[row]?.[place]?.version === version ? place : undefined;
  }

  /** The last state of the row that was committed before that time. */
  placeAt(row: number, at: number): number {
    const commits = this.#commits[row]!;
    let [low, high] = [0, commits.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (commits[middle]!.at < at) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
