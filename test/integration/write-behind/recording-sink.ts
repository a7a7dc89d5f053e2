import { RejectedWritesError, type SinkWrite, type WriteSink } from '../../../lib/write-behind/write-sink.interface.js';

export interface Row {
  readonly id: string;
  readonly n: number;
}

/** A database that keeps the last value of each key, remembers every call, and fails when told to. */
export class RecordingSink implements WriteSink<Row> {
  readonly rows = new Map<string, Row>();
  readonly calls: SinkWrite<Row>[][] = [];
  /** Called before anything is kept; what it throws, the sink throws. */
  before: (writes: readonly SinkWrite<Row>[], signal: AbortSignal) => unknown = () => undefined;
  /** The sink will never take these. */
  readonly poison = new Set<string>();

  async write(writes: readonly SinkWrite<Row>[], { signal }: { signal: AbortSignal }): Promise<void> {
    this.calls.push([...writes]);
    await this.before(writes, signal);
    const bad = writes.find(({ key }) => this.poison.has(key));
    if (bad !== undefined) throw new Error(`row ${bad.key} violates a constraint`);
    for (const { key, value } of writes) this.rows.set(key, value);
  }

  get written(): number {
    return this.rows.size;
  }
}

/** Takes all but some, and says which. */
export class ChoosySink extends RecordingSink {
  override async write(writes: readonly SinkWrite<Row>[], context: { signal: AbortSignal }): Promise<void> {
    const good = writes.filter(({ key }) => !this.poison.has(key));
    this.calls.push([...writes]);
    for (const { key, value } of good) this.rows.set(key, value);
    void context;
    if (good.length < writes.length) {
      const bad = writes.filter(({ key }) => this.poison.has(key));
      throw new RejectedWritesError(new Map(bad.map(({ key }) => [key, `no room for ${key}`])));
    }
  }
}
