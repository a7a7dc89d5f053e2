import { setTimeout as pause } from 'node:timers/promises';
import type { CacheService, Invalidation } from '../../../lib/cache.service.js';
import { monotonicMs } from './chaos-run.js';
import { PAGES, ROWS, ROWS_A_PAGE, type WorkerEvent } from './worker-messages.js';

interface Row {
  readonly row: number;
  readonly version: number;
}

interface Outside {
  /** The versions of these rows, or new ones. */
  readonly ask: (rows: readonly number[], writes: boolean) => Promise<readonly number[]>;
  readonly tell: (event: WorkerEvent) => void;
}

type Way = readonly [weight: number, what: string, act: () => Promise<void>];

const ALL_ROWS = Array.from({ length: ROWS }, (_, row) => row);
const ALL_PAGES = Array.from({ length: PAGES }, (_, page) => page);
const STRONG = { consistency: 'strong' } as const;
const tagOf = (row: number): string => `row:${row}`;
const keyOf = (row: number): string => `row-${row}`;
const rowsOf = (page: number): readonly number[] => ALL_ROWS.slice(page * ROWS_A_PAGE, (page + 1) * ROWS_A_PAGE);

/** Who reads and who changes things in one process; all they do is told to the checker, and nothing else is. */
export class ChaosActors {
  readonly #open = new Map<Promise<void>, string>();
  #invalidations = 0;
  #returned = 0;
  #drained = 0;
  #isCalm = false;
  #isOver = false;

  constructor(
    private readonly cache: CacheService,
    private readonly random: () => number,
    private readonly outside: Outside,
  ) {}

  get unended(): readonly string[] {
    return [...this.#open.values()];
  }

  get flights(): number {
    return this.cache.status().flights;
  }

  begin(readers: number, writers: number): void {
    for (let reader = 0; reader < readers; reader++) void this.#goOn(this.#reads, 7, () => this.#isOver);
    for (let writer = 0; writer < writers; writer++) void this.#goOn(this.#changes, 110, () => this.#isCalm);
  }

  calm(): void {
    this.#isCalm = true;
  }

  /** Everything that was invalidated here so far is in the journal. */
  drained(): void {
    if (this.#drained === this.#returned) return;
    this.#drained = this.#returned;
    this.outside.tell({ kind: 'drained', at: monotonicMs() });
  }

  /** Nothing at random any more: everything is read once. @returns what became of an invalidation */
  async lastWords(): Promise<string> {
    [this.#isCalm, this.#isOver] = [true, true];
    const { status } = await this.cache.invalidate({ tags: ['nobody’s'] });
    for (const row of ALL_ROWS) void this.#begin(`row`, () => this.#readRow(row, row % 2 === 0));
    for (const page of ALL_PAGES) void this.#begin(`page`, () => this.#readPage(page, false));
    return status;
  }

  async allEnded(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open.keys());
  }

  /** Does one thing after the other; what takes long doesn't hold up the next for ever. */
  async #goOn(ways: readonly Way[], pauseMs: number, isOver: () => boolean): Promise<void> {
    const total = ways.reduce((sum, [weight]) => sum + weight, 0);
    while (!isOver()) {
      await pause(this.random() * 2 * pauseMs);
      if (isOver()) break;
      let drawn = this.random() * total;
      const [, what, act] = ways.find(([weight]) => (drawn -= weight) < 0)!;
      await Promise.race([this.#begin(what, act), pause(400)]);
    }
  }

  #begin(what: string, act: () => Promise<void>): Promise<void> {
    const at = monotonicMs();
    const ended = act()
      .catch((error: unknown) => this.outside.tell({ kind: 'rejected', what, at, message: String(error) }))
      .finally(() => this.#open.delete(ended));
    this.#open.set(ended, `${what} since ${at.toFixed(1)}`);
    return ended;
  }

  // what is rarely changed stays in the cache for long, and there is something old to be seen
  #anyRow(): number {
    return Math.floor(ROWS * this.random() ** 2);
  }

  #fewRows(): readonly number[] {
    return [...new Set(Array.from({ length: 4 }, () => this.#anyRow()))];
  }

  readonly #reads: readonly Way[] = [
    [55, 'row', () => this.#readRow(Math.floor(ROWS * this.random()), false)],
    [20, 'page', () => this.#readPage(Math.floor(PAGES * this.random()), false)],
    [10, 'strong row', () => this.#readRow(this.#anyRow(), true)],
    [4, 'strong page', () => this.#readPage(Math.floor(PAGES * this.random()), true)],
    [10, 'many', () => this.#readMany(this.#fewRows())],
  ];

  readonly #changes: readonly Way[] = [
    [24, 'evict', () => this.#change('evict', [this.#anyRow()], ([row]) => ({ keys: [['rows', keyOf(row!)]] }))],
    [30, 'tag', () => this.#change('tag', [this.#anyRow()], ([row]) => ({ tags: [tagOf(row!)] }))],
    [8, 'tags', () => this.#change('tags', this.#fewRows(), (rows) => ({ tags: rows.map(tagOf) }))],
    [2, 'cache', () => this.#change('cache', [this.#anyRow()], () => ({ caches: ['rows'] }))],
    [1, 'everything', () => this.#change('everything', [this.#anyRow()], () => ({ all: true }))],
    [10, 'soft', () => this.#change('soft', [this.#anyRow()], ([row]) => ({ tags: [tagOf(row!)], mode: 'soft' }))],
    [
      8,
      'settled',
      () => this.#change('settled', [this.#anyRow()], ([row]) => ({ tags: [tagOf(row!)], settled: true })),
    ],
    [16, 'put', () => this.#put(this.#anyRow())],
    [5, 'burst', () => this.#burst(this.#fewRows())],
  ];

  async #readRow(row: number, strong: boolean): Promise<void> {
    await this.#see('row', strong, () =>
      this.cache.getOrLoad('rows', keyOf(row), () => this.#load([row]), {
        tags: [tagOf(row)],
        ...(strong ? STRONG : {}),
      }),
    );
  }

  /** Cached reads inside a loader. */
  async #readPage(page: number, strong: boolean): Promise<void> {
    const load = async (): Promise<Row[]> => {
      const rows = rowsOf(page).map((row) =>
        this.cache.getOrLoad('rows', keyOf(row), () => this.#load([row]), { tags: [tagOf(row)] }),
      );
      return (await Promise.all(rows)).flat();
    };
    await this.#see('page', strong, () => this.cache.getOrLoad('pages', `page-${page}`, load, strong ? STRONG : {}));
  }

  async #readMany(rows: readonly number[]): Promise<void> {
    await this.#see('many', false, async () => {
      const found = await this.cache.getOrLoadMany<Row[], string>(
        'rows',
        rows.map(keyOf),
        async (missing) => (await this.#load(missing.map((key) => Number(key.slice(4))))).map((row) => [row]),
        { tags: ([item]) => [tagOf(item!.row)] },
      );
      return found.flatMap((item) => item!);
    });
  }

  async #see(what: string, strong: boolean, read: () => Promise<readonly Row[]>): Promise<void> {
    const begunAt = monotonicMs();
    const rows = await read();
    const endedAt = monotonicMs();
    const seen = rows.flatMap(({ row, version }) => [row, version]);
    this.outside.tell({ kind: 'read', what, strong, begunAt, endedAt, seen });
  }

  /** Slow now and then, before and after the source has answered. */
  async #load(rows: readonly number[]): Promise<Row[]> {
    await this.#work();
    const versions = await this.outside.ask(rows, false);
    await this.#work();
    return rows.map((row, index) => ({ row, version: versions[index]! }));
  }

  async #work(): Promise<void> {
    const chance = this.random();
    if (chance < 0.3) await pause(chance < 0.05 ? 120 * this.random() : 8 * this.random());
  }

  async #change(
    what: string,
    rows: readonly number[],
    invalidationOf: (rows: readonly number[]) => Invalidation,
  ): Promise<void> {
    await this.outside.ask(rows, true);
    if (this.random() < 0.2) await pause(10 * this.random());
    await this.#invalidate(what, rows, invalidationOf(rows));
  }

  async #burst(rows: readonly number[]): Promise<void> {
    await this.outside.ask(rows, true);
    await Promise.all(rows.map((row) => this.#invalidate('burst', [row], { tags: [tagOf(row)] })));
  }

  async #invalidate(what: string, rows: readonly number[], invalidation: Invalidation): Promise<void> {
    const covered = what === 'cache' || what === 'everything' ? ALL_ROWS : rows;
    const id = this.#called(what, covered, invalidation.mode === 'soft');
    const isEvict = what === 'evict' && this.random() < 0.5;
    const { status } = await (isEvict
      ? this.cache.evict('rows', keyOf(rows[0]!))
      : this.cache.invalidate(invalidation));
    this.#hasReturned(id, status === 'applied' || status === 'queued' ? status : 'unknown', invalidation.settled);
  }

  /** Write-through; others may be writing the same row. */
  async #put(row: number): Promise<void> {
    let id = 0;
    const write = async (): Promise<Row[]> => {
      await this.#work();
      const [version] = await this.outside.ask([row], true);
      await this.#work();
      id = this.#called('put', [row], false, version);
      return [{ row, version: version! }];
    };
    await this.cache.put('rows', keyOf(row), write, { tags: [tagOf(row)] });
    // a write doesn't say whether it was applied or queued
    this.#hasReturned(id, 'unknown');
  }

  #called(what: string, rows: readonly number[], soft: boolean, written?: number): number {
    const id = ++this.#invalidations;
    const about = { id, what, rows, soft, ...(written === undefined ? {} : { written }) };
    this.outside.tell({ kind: 'called', at: monotonicMs(), ...about });
    return id;
  }

  #hasReturned(id: number, status: 'applied' | 'queued' | 'unknown', settled = false): void {
    this.#returned++;
    this.outside.tell({ kind: 'returned', id, at: monotonicMs(), status, settled });
  }
}
