import { CacheTimeoutError } from '../../../lib/cache.errors.js';
import { createCacheMachine } from '../../../lib/cache.providers.js';
import type { Invalidation } from '../../../lib/cache.service.js';
import type { SeenVersions } from '../history.js';
import { Source } from '../source.js';
import { World } from '../world.js';
import { FaultPlan, type Member } from './fault-plan.js';
import { FleetHistory, type FleetInvalidation } from './fleet-history.js';
import { EVENTFUL_MS, FLEET_ROWS, type FleetOperation, type FleetProgram } from './fleet-program.js';
import { SimulatedBackend, SimulatedServer } from './network.js';
import { SimulatedProcess } from './simulated-process.js';

export interface FleetReport {
  readonly violations: readonly string[];
  readonly reads: number;
  readonly loads: number;
  readonly steps: number;
  readonly largestStalenessMs: number;
}

class OriginError extends Error {}

interface Row {
  readonly row: number;
  readonly version: number;
}

const NO_LOG = { error: () => undefined, warn: () => undefined, log: () => undefined };
const ALL_ROWS = Array.from({ length: FLEET_ROWS }, (_, row) => row);
const DEADLINE_MS = 60;
/** Clocks of processes are known to half a round trip, and timers of a step of a clock aren't exact. */
const CLOCK_ERROR_MS = 40;

/** Runs a program against the production engines of several processes and judges what their readers saw. */
export async function simulateFleet(program: FleetProgram): Promise<FleetReport> {
  return new Fleet(program).run();
}

class Fleet {
  readonly #world: World;
  readonly #source: Source;
  readonly #history: FleetHistory;
  readonly #members: Member[];
  readonly #plan: FaultPlan;
  #loads = 0;
  readonly #begun: number;

  constructor(private readonly program: FleetProgram) {
    const { settings, faults } = program;
    this.#world = new World(program.seed);
    this.#begun = this.#world.now();
    this.#source = new Source(this.#world.now);
    this.#history = new FleetHistory(this.#source, this.#world.now, {
      boundMs: (process) => this.#boundOf(process),
      longestAgeMs: this.#longestAgeMs(),
    });
    const server = new SimulatedServer(this.#world);
    server.laggingReads = settings.laggingReads;
    this.#members = program.processes.map((_actors, index) => ({
      index,
      life: 0,
      process: new SimulatedProcess(this.#world, settings.wallOffsetsMs[index]!),
      backend: undefined!,
      machine: undefined!,
    }));
    this.#plan = new FaultPlan(this.#world, faults, this.#members, server, (member, delayMs) =>
      this.#restart(member, delayMs),
    );
    for (const member of this.#members) this.#boot(member);
  }

  /** How long a process may serve what another one has invalidated. */
  #boundOf(process: number): number {
    const maxStalenessMs = this.program.settings.maxStalenessMs[process]!;
    const boundMs = Math.max(maxStalenessMs, this.program.settings.serveStaleMs);
    const setsClocks = this.program.faults.some(({ kind }) => kind === 'wall-clock');
    // a clock that is set back is noticed at the next synchronisation
    return setsClocks ? boundMs + maxStalenessMs / 3 + DEADLINE_MS : boundMs;
  }

  #longestAgeMs(): number {
    const { faults, settings } = this.program;
    const { ttlMs, graceMs, longestLoadMs, maxStalenessMs } = settings;
    const disturbsClocks = faults.some(({ kind }) => ['server-clock', 'wall-clock', 'failover'].includes(kind));
    if (disturbsClocks) return Number.POSITIVE_INFINITY;
    // a joiner may get the value of a load that began before it; pages are on top of rows
    return ttlMs + graceMs + 4 * longestLoadMs + Math.max(...maxStalenessMs) + CLOCK_ERROR_MS + this.#longestPauseMs();
  }

  #longestPauseMs(): number {
    return this.program.faults.reduce((sum, fault) => sum + (fault.kind === 'pause' ? fault.forMs : 0), 0);
  }

  #boot(member: Member): void {
    const { settings } = this.program;
    const { process, index } = member;
    const { latencyMs, lateness, pageSize } = settings;
    member.backend = new SimulatedBackend(this.#world, process, this.#plan.server, {
      latencyMs,
      lateness,
      pageSize,
      calmFrom: this.#begun + EVENTFUL_MS,
    });
    member.machine = createCacheMachine(this.#options(process, index), NO_LOG, { backend: member.backend });
    member.machine.problems.throwIfAny();
    process.run(() => void member.machine.start());
  }

  #restart(member: Member, delayMs: number): void {
    member.process.die();
    this.#world.after(delayMs, () => {
      member.life++;
      member.process = new SimulatedProcess(this.#world, this.program.settings.wallOffsetsMs[member.index]!);
      this.#boot(member);
    });
  }

  #options(process: SimulatedProcess, index: number): Parameters<typeof createCacheMachine>[0] {
    const { settings } = this.program;
    return {
      runtime: process.runtime,
      namespace: 'fleet',
      redis: { url: 'redis://simulated', commandTimeout: DEADLINE_MS, breaker: { failures: 3, probeEvery: 200 } },
      maxStaleness: settings.maxStalenessMs[index]!,
      degraded: { serveStale: settings.serveStaleMs },
      ttl: settings.ttlMs,
      grace: settings.graceMs,
      earlyRefresh: settings.earlyRefresh === 0 ? false : settings.earlyRefresh,
      memory: settings.memoryEntries === 0 ? false : { maxEntries: settings.memoryEntries },
      softTimeout: settings.softTimeoutMs,
      retryPause: 30,
      journal: { maxRecords: settings.maxRecords, durability: settings.replicated ? 'replicated' : 'local' },
      loadLock: { life: 400, timeout: 700 },
      caches: { rows: {}, pages: {} },
    };
  }

  async run(): Promise<FleetReport> {
    const { processes } = this.program;
    let [running, finished] = [0, 0];
    this.#plan.schedule();
    for (const [index, actors] of processes.entries()) {
      for (const operations of actors) {
        running++;
        this.#world.after(0, () => {
          void this.#act(this.#members[index]!, operations)
            .catch((error: unknown) => this.#history.violations.push(`an actor failed: ${String(error)}`))
            .finally(() => finished++);
        });
      }
    }
    for (const member of this.#members) {
      this.#world.after(0, () => this.#readOnAndOn(member));
      if (this.program.settings.writeEveryMs > 0) this.#world.after(0, () => this.#writeOnAndOn(member));
    }
    await this.#world.run(EVENTFUL_MS);
    await this.#runUntil(() => finished === running, 12_000);
    if (finished < running) this.#history.violations.push(`${running - finished} actors never came to an end`);
    await this.#checkTheEnd();
    return {
      violations: this.#history.violations,
      reads: this.#history.reads,
      loads: this.#loads,
      steps: this.#world.steps,
      largestStalenessMs: this.#history.largestStalenessMs,
    };
  }

  /** Somebody is always reading, and doesn't wait for the answer before asking again. */
  #readOnAndOn(member: Member): void {
    if (this.#world.now() > this.#begun + EVENTFUL_MS) return;
    const { process } = member;
    const row = this.#world.upTo(FLEET_ROWS - 1);
    const read = (strong: boolean): void =>
      process.run(() => void this.#readRow(member, row, strong).catch(() => undefined));
    const strong = this.#world.random() < 0.3;
    read(strong);
    // while the first one is still finding out how things stand
    if (strong) this.#world.after(this.#world.upTo(this.program.settings.latencyMs), () => read(true));
    this.#world.after(this.program.settings.readEveryMs, () => this.#readOnAndOn(member));
  }

  #writeOnAndOn(member: Member): void {
    if (this.#world.now() > this.#begun + EVENTFUL_MS) return;
    const row = this.#world.upTo(FLEET_ROWS - 1);
    member.process.run(() => {
      this.#source.commit(row);
      void this.#invalidate(member, [row], { tags: [`row:${row}`] });
    });
    this.#world.after(this.program.settings.writeEveryMs, () => this.#writeOnAndOn(member));
  }

  async #act(member: Member, operations: readonly FleetOperation[]): Promise<void> {
    for (const operation of operations) {
      if (operation.pauseMs > 0) await this.#world.sleep(operation.pauseMs);
      const { process } = member;
      if (!process.alive) continue;
      await Promise.race([process.died, this.#inProcess(process, () => this.#perform(member, operation))]);
    }
  }

  /** Begins in the process, which may be stopped. */
  #inProcess(process: SimulatedProcess, work: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      process.run(() => {
        work()
          .catch((error: unknown) => {
            if (!(error instanceof OriginError) && !(error instanceof CacheTimeoutError)) throw error;
          })
          .then(resolve, reject);
      });
    });
  }

  #perform(member: Member, operation: FleetOperation): Promise<void> {
    switch (operation.kind) {
      case 'row':
        return this.#readRow(member, operation.target, operation.strong);
      case 'page':
        return this.#readPage(member, operation.target, operation.strong);
      case 'many':
        // drawn from what is there already: the histories stay the same
        return this.#readMany(member, operation.targets, operation.pauseMs % 2 === 1);
      case 'get':
        return this.#get(member, operation.target);
      case 'quiet':
        return Promise.resolve(void this.#source.commit(operation.target));
      case 'set':
        return this.#set(member, operation.target);
      case 'put':
        return this.#put(member, operation.target);
      case 'overtaken':
        return this.#overtakenPut(member, operation.target, operation.soft);
      case 'write':
        return this.#write(member, operation);
      case 'burst':
        return this.#burst(member, operation.targets);
    }
  }

  async #readRow(member: Member, row: number, strong: boolean): Promise<void> {
    const read = this.#history.beginRead(member.index, member.life, `row ${row}`, strong);
    const asked = strong ? { consistency: 'strong' as const } : {};
    const rows = await member.machine.service.getOrLoad('rows', `${row}`, () => this.#load(member, row), {
      tags: [`row:${row}`],
      ...asked,
    });
    this.#history.endRead(read, seen(rows));
  }

  /** Two cached reads inside a loader. */
  async #readPage(member: Member, page: number, strong: boolean): Promise<void> {
    const { service } = member.machine;
    const read = this.#history.beginRead(member.index, member.life, `page ${page}`, strong);
    const loadPage = async (): Promise<Row[]> => {
      await this.#work(member);
      const parts = [page * 2, page * 2 + 1].map((row) =>
        service.getOrLoad('rows', `${row}`, () => this.#load(member, row), { tags: [`row:${row}`] }),
      );
      return (await Promise.all(parts)).flat();
    };
    const asked = strong ? { consistency: 'strong' as const } : {};
    const rows = await service.getOrLoad('pages', `${page}`, loadPage, asked);
    this.#history.endRead(read, seen(rows));
  }

  async #readMany(member: Member, rows: readonly number[], strong: boolean): Promise<void> {
    const read = this.#history.beginRead(member.index, member.life, `many ${rows.join()}`, strong);
    const load = (missing: string[]): Promise<Row[][]> =>
      Promise.all(missing.map((row) => this.#load(member, Number(row))));
    const found = await member.machine.service.getOrLoadMany<Row[], string>('rows', rows.map(String), load, {
      tags: ([row]) => [`row:${row!.row}`],
      ...(strong ? { consistency: 'strong' as const } : {}),
      ...(rows.length > 2 ? { maxSize: 2 } : {}),
    });
    this.#history.endRead(read, seen(found.flatMap((item) => item ?? [])));
  }

  async #get(member: Member, row: number): Promise<void> {
    const read = this.#history.beginRead(member.index, member.life, `get ${row}`, false);
    this.#history.endRead(read, seen((await member.machine.service.get<Row[]>('rows', `${row}`)) ?? []));
  }

  async #load(member: Member, row: number): Promise<Row[]> {
    this.#loads++;
    await this.#work(member);
    if (this.#world.random() < this.program.settings.failureRate) throw new OriginError(`row ${row}`);
    const version = this.#source.versionOf(row);
    await this.#work(member);
    return [{ row, version }];
  }

  #work({ process }: Member): Promise<void> {
    return process.sleep(this.#world.upTo(this.program.settings.longestLoadMs / 2));
  }

  async #set(member: Member, row: number): Promise<void> {
    const version = this.#source.commit(row);
    await member.machine.service.set('rows', `${row}`, [{ row, version }], { tags: [`row:${row}`] });
  }

  async #put(member: Member, row: number): Promise<void> {
    let invalidation: FleetInvalidation | undefined;
    await member.machine.service.put(
      'rows',
      `${row}`,
      async () => {
        await this.#work(member);
        const version = this.#source.commit(row);
        invalidation = this.#history.beginInvalidation(member.index, member.life, [row], false);
        await this.#work(member);
        return [{ row, version }];
      },
      { tags: [`row:${row}`] },
    );
    // a write doesn't say whether it was applied or queued
    invalidation?.returned();
  }

  async #overtakenPut(member: Member, row: number, soft: boolean): Promise<void> {
    const write = (): Row[] => [{ row, version: this.#source.commit(row) }];
    const putting = member.machine.service.put('rows', `${row}`, write, { tags: [`row:${row}`] });
    this.#source.commit(row);
    const what = { tags: [`row:${row}`], mode: soft ? ('soft' as const) : ('hard' as const) };
    await Promise.all([putting, this.#invalidate(member, [row], what)]);
  }

  async #write(member: Member, operation: FleetOperation & { kind: 'write' }): Promise<void> {
    const { target, via, soft, settled, lagMs } = operation;
    this.#source.commit(target);
    await member.process.sleep(lagMs);
    const rows = via === 'cache' || via === 'everything' ? ALL_ROWS : [target];
    const isHard = !soft;
    await this.#invalidate(member, rows, {
      ...targetOf(target, via),
      mode: soft ? 'soft' : 'hard',
      settled: settled && isHard,
    });
  }

  async #burst(member: Member, rows: readonly number[]): Promise<void> {
    for (const row of rows) this.#source.commit(row);
    await Promise.all(rows.map((row) => this.#invalidate(member, [row], { tags: [`row:${row}`] })));
  }

  async #invalidate(member: Member, rows: readonly number[], what: Invalidation): Promise<void> {
    const { machine, index, life } = member;
    const told = this.#history.beginInvalidation(index, life, rows, what.mode === 'soft');
    const result = await machine.service.invalidate(what);
    const isSafe = !this.#plan.mayLose || (result.status === 'applied' && result.replicated === true);
    if (result.status === 'applied' && isSafe) told.applied();
    told.returned();
    if (what.settled === true && isSafe) told.settled();
    if (result.status === 'applied' && !isSafe) this.#applyWhenWriterIsBack(member, life, told);
  }

  /** The others learn of a record that a failover has lost when its writer reaches the new master. */
  #applyWhenWriterIsBack(member: Member, life: number, told: FleetInvalidation): void {
    const { tookOverAt } = this.#plan;
    if (member.life !== life) return;
    const { trustedFrom } = member.machine.engine.parts.journal.replica;
    const confirmedAt = trustedFrom - member.process.wallOffsetMs;
    if (tookOverAt !== undefined && confirmedAt >= tookOverAt && confirmedAt !== Number.POSITIVE_INFINITY)
      told.applied();
    else this.#world.after(10, () => this.#applyWhenWriterIsBack(member, life, told));
  }

  async #runUntil(isOver: () => boolean, atMostMs: number): Promise<void> {
    const end = this.#world.now() + atMostMs;
    do await this.#world.run(500);
    while (!isOver() && this.#world.now() < end);
  }

  /** The world was left in peace: everything has to be in order again. */
  async #checkTheEnd(): Promise<void> {
    const { violations } = this.#history;
    const isQuiet = (): boolean =>
      this.#members.every(({ machine }) => {
        const { flights, background, journal } = machine.service.status();
        return flights === 0 && background === 0 && journal.trusted;
      });
    await this.#runUntil(isQuiet, 3_000);
    let readers = this.#members.length;
    for (const member of this.#members) {
      this.#world.after(0, () => void this.#readEverything(member).finally(() => readers--));
    }
    // a reader that comes after others of other processes, for each of what it reads, needs seconds for all of it
    await this.#runUntil(() => readers === 0 && isQuiet(), 20_000);
    for (const { machine, index } of this.#members) {
      const { flights, background, journal, caches } = machine.service.status();
      const { replica } = machine.engine.parts.journal;
      const left = {
        flights,
        background,
        queued: journal.queued,
        pending: replica.pendingTags,
        watches: replica.openWatches,
        untrusted: journal.trusted ? 0 : 1,
      };
      for (const [what, count] of Object.entries(left)) {
        if (count > 0) violations.push(`process ${index}: ${count} ${what} at the end`);
      }
      for (const [name, { hits, misses, reads }] of Object.entries(caches)) {
        if (hits + misses !== reads) violations.push(`${name}: ${hits} hits + ${misses} misses are not ${reads} reads`);
      }
      void machine.service.close();
    }
    await this.#world.run(1_000);
  }

  async #readEverything(member: Member): Promise<void> {
    for (const row of ALL_ROWS) await this.#readRow(member, row, row % 2 === 0).catch(() => undefined);
    for (const page of [0, 1]) await this.#readPage(member, page, false).catch(() => undefined);
  }
}

const seen = (rows: readonly Row[]): SeenVersions => new Map(rows.map(({ row, version }) => [row, version]));

const targetOf = (row: number, via: 'key' | 'tag' | 'cache' | 'everything'): Invalidation => {
  switch (via) {
    case 'key':
      return { keys: [['rows', `${row}`]] };
    case 'tag':
      return { tags: [`row:${row}`] };
    case 'cache':
      return { caches: ['rows'] };
    case 'everything':
      return { all: true };
  }
};
