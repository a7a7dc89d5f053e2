import { CacheTimeoutError } from '../../lib/cache.errors.js';
import { createCacheMachine, type CacheMachine } from '../../lib/cache.providers.js';
import type { CacheService } from '../../lib/cache.service.js';
import { History, type SeenVersions } from './history.js';
import { ROWS, type Operation, type Program, type Settings, type Via } from './program.js';
import { Source, type View } from './source.js';
import { World } from './world.js';

export interface Report {
  readonly violations: readonly string[];
  readonly reads: number;
  readonly steps: number;
}

class OriginError extends Error {}

interface Row {
  readonly row: number;
  readonly version: number;
}

const LONG_ENOUGH_MS = 60_000;
const NO_LOG = { error: () => undefined, warn: () => undefined, log: () => undefined };

/** Runs a program against the production engine and judges what its readers saw. */
export async function simulate(program: Program): Promise<Report> {
  return new Simulation(program).run();
}

class Simulation {
  readonly #world: World;
  readonly #source: Source;
  readonly #history: History;
  readonly #machine: CacheMachine;
  readonly #cache: CacheService;

  constructor(private readonly program: Program) {
    const { settings } = program;
    this.#world = new World(program.seed);
    this.#source = new Source(this.#world.now);
    const graceMs = Math.max(settings.graceRevalidateMs, settings.graceErrorMs);
    // a joiner may get the value of a load that began before it; three levels of loads are on top of one another
    const longestAgeMs = settings.ttlMs + graceMs + 3 * settings.longestLoadMs;
    this.#history = new History(this.#source, this.#world.now, longestAgeMs);
    this.#machine = createCacheMachine(optionsFor(settings, this.#world), NO_LOG);
    this.#machine.problems.throwIfAny();
    this.#cache = this.#machine.service;
  }

  async run(): Promise<Report> {
    let finished = 0;
    for (const operations of this.program.actors) {
      this.#world.after(0, () => {
        void this.#act(operations)
          .catch((error: unknown) => this.#history.violations.push(`an actor failed: ${String(error)}`))
          .finally(() => finished++);
      });
    }
    await this.#world.run(LONG_ENOUGH_MS);
    const { actors } = this.program;
    if (finished < actors.length)
      this.#history.violations.push(`${actors.length - finished} actors never came to an end`);
    this.#checkWhatIsLeft();
    await this.#machine.service.close();
    return { violations: this.#history.violations, reads: this.#history.reads, steps: this.#world.steps };
  }

  async #act(operations: readonly Operation[]): Promise<void> {
    for (const operation of operations) {
      if (operation.pauseMs > 0) await this.#world.sleep(operation.pauseMs);
      try {
        await this.#perform(operation);
      } catch (error) {
        if (!(error instanceof OriginError) && !(error instanceof CacheTimeoutError)) throw error;
      }
    }
  }

  async #perform(operation: Operation): Promise<void> {
    switch (operation.kind) {
      case 'row':
      case 'page':
      case 'site':
        return this.#read(operation.kind, operation.target, operation.strong, this.#source);
      case 'many':
        // drawn from what is there already: the histories stay the same
        return this.#readMany(operation.targets, operation.pauseMs % 2 === 1, this.#source);
      case 'get':
        return this.#get(operation.target);
      case 'quiet':
        return void this.#source.commit(operation.target);
      case 'write':
        return this.#write(operation);
      case 'put':
        return this.#put(operation.target);
      case 'transaction':
        return this.#transaction(operation);
    }
  }

  async #read(
    kind: 'row' | 'page' | 'site',
    target: number,
    strong: boolean,
    view: View,
    ownWrites?: ReadonlyMap<number, number>,
  ): Promise<void> {
    const read = this.#history.beginRead(`${strong ? 'strong ' : ''}${kind} ${target}`, strong, ownWrites);
    const rows = await this.#load(kind, target, strong, view);
    this.#history.endRead(read, seen(rows));
  }

  #load(kind: 'row' | 'page' | 'site', target: number, strong: boolean, view: View): Promise<readonly Row[]> {
    const asked = strong ? { consistency: 'strong' as const } : {};
    switch (kind) {
      case 'row':
        return this.#cache.getOrLoad('rows', `${target}`, () => this.#loadRow(view, target), {
          tags: tagsOf(target),
          ...asked,
        });
      case 'page':
        return this.#cache.getOrLoad('pages', `${target}`, () => this.#both('row', target * 2, view), asked);
      case 'site':
        return this.#cache.getOrLoad('sites', 'site', () => this.#both('page', 0, view), asked);
    }
  }

  /** Two cached reads inside a loader, which says nothing of consistency: that is inherited. */
  async #both(kind: 'row' | 'page', first: number, view: View): Promise<readonly Row[]> {
    await this.#work();
    const parts = await Promise.all([first, first + 1].map((target) => this.#inner(kind, target, view)));
    await this.#work();
    return parts.flat();
  }

  #inner(kind: 'row' | 'page', target: number, view: View): Promise<readonly Row[]> {
    return kind === 'row'
      ? this.#cache.getOrLoad('rows', `${target}`, () => this.#loadRow(view, target), { tags: tagsOf(target) })
      : this.#cache.getOrLoad('pages', `${target}`, () => this.#both('row', target * 2, view));
  }

  async #loadRow(view: View, row: number): Promise<readonly Row[]> {
    await this.#work();
    if (this.#world.random() < this.program.settings.failureRate) throw new OriginError(`row ${row}`);
    const version = view.versionOf(row);
    await this.#work();
    return [{ row, version }];
  }

  #work(): Promise<void> {
    return this.#world.sleep(this.#world.upTo(this.program.settings.longestLoadMs / 2));
  }

  async #readMany(
    rows: readonly number[],
    strong: boolean,
    view: View,
    ownWrites?: ReadonlyMap<number, number>,
  ): Promise<void> {
    const read = this.#history.beginRead(`${strong ? 'strong ' : ''}many ${rows.join()}`, strong, ownWrites);
    const load = async (missing: string[]): Promise<(readonly Row[])[]> =>
      (await Promise.all(missing.map((row) => this.#loadRow(view, Number(row))))).flat().map((row) => [row]);
    const found = await this.#cache.getOrLoadMany<readonly Row[], string>('rows', rows.map(String), load, {
      tags: ([row]) => tagsOf(row!.row),
      ...(strong ? { consistency: 'strong' as const } : {}),
      ...(rows.length > 2 ? { maxSize: 2 } : {}),
    });
    this.#history.endRead(read, seen(found.flatMap((item) => item ?? [])));
  }

  async #get(row: number): Promise<void> {
    const read = this.#history.beginRead(`get ${row}`, false);
    const found = await this.#cache.get<readonly Row[]>('rows', `${row}`);
    this.#history.endRead(read, seen(found ?? []));
  }

  async #write({ target, via, soft, lagMs }: Operation & { kind: 'write' }): Promise<void> {
    this.#source.commit(target);
    await this.#world.sleep(lagMs);
    const acknowledge = this.#history.beginInvalidation(rowsOf(target, via), soft);
    await this.#cache.invalidate({ ...targetOf(target, via), mode: soft ? 'soft' : 'hard' });
    acknowledge();
  }

  async #put(row: number): Promise<void> {
    let acknowledge = (): void => undefined;
    await this.#cache.put(
      'rows',
      `${row}`,
      async () => {
        await this.#work();
        const version = this.#source.commit(row);
        acknowledge = this.#history.beginInvalidation([row], false);
        await this.#work();
        return [{ row, version }];
      },
      { tags: tagsOf(row) },
    );
    acknowledge();
  }

  async #transaction({ targets, commits, put }: Operation & { kind: 'transaction' }): Promise<void> {
    const transaction = this.#source.begin();
    const acknowledgements: (() => void)[] = [];
    try {
      await this.#cache.afterCommit(async () => {
        for (const row of targets) await this.#writeInside(row, put, transaction);
        await this.#world.sleep(this.#world.upTo(20));
        if (!commits) throw new OriginError('rolled back');
        transaction.commit();
        acknowledgements.push(this.#history.beginInvalidation(targets, false));
      });
    } finally {
      for (const acknowledge of acknowledgements) acknowledge();
    }
  }

  async #writeInside(row: number, put: boolean, transaction: ReturnType<Source['begin']>): Promise<void> {
    if (put) {
      await this.#cache.put('rows', `${row}`, () => [{ row, version: transaction.write(row) }], { tags: tagsOf(row) });
    } else {
      transaction.write(row);
      await this.#cache.invalidate({ tags: [`row:${row}`] });
    }
    const own = new Map(transaction.written);
    if (row % 2 === 0) await this.#read('row', row, false, transaction, own);
    else await this.#readMany([row, row - 1], false, transaction, own);
    if (!put) await this.#read('page', Math.floor(row / 2), false, transaction, own);
  }

  #checkWhatIsLeft(): void {
    const { flights, background, caches } = this.#cache.status();
    const { violations } = this.#history;
    if (flights > 0) violations.push(`${flights} flights are left`);
    if (background > 0) violations.push(`${background} pieces of background work are left`);
    for (const [name, { hits, misses, reads }] of Object.entries(caches)) {
      if (hits + misses !== reads) violations.push(`${name}: ${hits} hits + ${misses} misses are not ${reads} reads`);
    }
    const { replica } = this.#machine.engine.parts.journal;
    if (replica.openWatches > 0) violations.push(`${replica.openWatches} write watches are left`);
    if (replica.pendingTags > 0) violations.push(`${replica.pendingTags} tags are left pending`);
  }
}

const seen = (rows: readonly Row[]): SeenVersions => new Map(rows.map(({ row, version }) => [row, version]));

const tagsOf = (row: number): string[] => [`row:${row}`, `group:${row % 2}`];

const rowsOf = (row: number, via: Via): number[] => {
  const all = Array.from({ length: ROWS }, (_, index) => index);
  if (via === 'group') return all.filter((other) => other % 2 === row % 2);
  return via === 'cache' || via === 'everything' ? all : [row];
};

const targetOf = (row: number, via: Via): Parameters<CacheService['invalidate']>[0] => {
  switch (via) {
    case 'key':
      return { keys: [['rows', `${row}`]] };
    case 'tag':
      return { tags: [`row:${row}`] };
    case 'group':
      return { tags: [`group:${row % 2}`] };
    case 'cache':
      return { caches: ['rows'] };
    case 'everything':
      return { all: true };
  }
};

const optionsFor = (settings: Settings, runtime: World): Parameters<typeof createCacheMachine>[0] => ({
  runtime,
  ttl: settings.ttlMs,
  grace: { revalidate: settings.graceRevalidateMs, error: settings.graceErrorMs },
  earlyRefresh: settings.earlyRefresh === 0 ? false : settings.earlyRefresh,
  jitter: settings.jitter,
  isolation: settings.isolation,
  memory: { maxEntries: settings.maxEntries, eviction: settings.eviction },
  softTimeout: settings.softTimeoutMs,
  hardTimeout: settings.hardTimeoutMs,
  retryPause: 30,
  journal: { maxRecords: settings.journalMaxRecords },
  caches: { rows: {}, pages: {}, sites: {} },
});
