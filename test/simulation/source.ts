/** One committed state of a row. */
export interface Commit {
  readonly version: number;
  readonly at: number;
}

/** Reads rows as somebody sees them. */
export interface View {
  versionOf(row: number): number;
}

/** The database: rows with versions, transactions over a snapshot. Every version is unique in the whole history. */
export class Source implements View {
  readonly #commits = new Map<number, Commit[]>();
  #versions = 0;

  constructor(private readonly now: () => number) {}

  versionOf(row: number): number {
    return this.history(row).at(-1)!.version;
  }

  history(row: number): readonly Commit[] {
    return this.#list(row);
  }

  /** @returns the new version */
  commit(row: number, version: number = this.newVersion()): number {
    this.#list(row).push({ version, at: this.now() });
    return version;
  }

  newVersion(): number {
    return ++this.#versions;
  }

  begin(): SourceTransaction {
    const snapshot = new Map([...this.#commits].map(([row, commits]) => [row, commits.at(-1)!.version]));
    return new SourceTransaction(this, snapshot);
  }

  #list(row: number): Commit[] {
    const known = this.#commits.get(row);
    if (known !== undefined) return known;
    const commits = [{ version: 0, at: Number.NEGATIVE_INFINITY }];
    this.#commits.set(row, commits);
    return commits;
  }
}

/** Sees the rows as they were when it began, and its own changes. */
export class SourceTransaction implements View {
  readonly written = new Map<number, number>();

  constructor(
    private readonly source: Source,
    private readonly snapshot: ReadonlyMap<number, number>,
  ) {}

  versionOf(row: number): number {
    return this.written.get(row) ?? this.snapshot.get(row) ?? 0;
  }

  write(row: number): number {
    const version = this.source.newVersion();
    this.written.set(row, version);
    return version;
  }

  commit(): void {
    for (const [row, version] of this.written) this.source.commit(row, version);
  }
}
