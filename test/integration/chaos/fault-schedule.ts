import { setTimeout as pause } from 'node:timers/promises';
import type { ChaosHistory } from './chaos-history.js';
import { monotonicMs } from './chaos-run.js';
import { FaultScene } from './fault-scene.js';
import type { Arena } from './server-faults.js';
import type { WorkerPool } from './worker-pool.js';

interface Stage {
  readonly arena: Arena;
  readonly pool: WorkerPool;
  readonly history: ChaosHistory;
  readonly random: () => number;
  readonly maxStalenessMs: number;
}

/** A run with fewer kinds of faults would show little; a slow machine gets more time for them. */
const LEAST_KINDS = 4;
const MORE_TIME_MS = 25_000;

/** Two rows of faults side by side, one of the servers and one of the processes. */
export class FaultSchedule {
  readonly counts: Record<string, number> = {};
  /** What happened when. */
  readonly timeline: string[] = [];
  readonly #scene: FaultScene;
  /** While it is set nothing happens to the processes. */
  #mercy = false;
  #processFault = Promise.resolve();

  constructor(private readonly stage: Stage) {
    this.#scene = new FaultScene(stage.random, (work) => this.#whileAwake(work), stage.history.losses);
  }

  get away(): readonly (readonly [from: number, to: number])[] {
    return this.#scene.away;
  }

  async run(forMs: number): Promise<void> {
    const end = monotonicMs() + forMs;
    const isOver = (): boolean => {
      const overMs = monotonicMs() - end;
      return overMs >= (Object.keys(this.counts).length < LEAST_KINDS ? MORE_TIME_MS : 0);
    };
    // nothing may go on after a failure
    const ended = await Promise.allSettled([this.#disturbServers(isOver), this.#disturbProcesses(isOver)]);
    for (const each of ended) if (each.status === 'rejected') throw each.reason;
  }

  /** Every kind once, in an order of its own, and then all of them again; the first is the one a short run has to have. */
  async #disturbServers(isOver: () => boolean): Promise<void> {
    const { arena, random } = this.stage;
    const [first, ...others] = arena.faults;
    let left = [...shuffled(others, random), first!];
    while (!isOver()) {
      await this.#scene.pause(150, 900);
      if (left.length === 0) left = shuffled(arena.faults, random);
      const fault = left.pop()!;
      try {
        await this.#during(fault.kind, async () => fault.happen(this.#scene));
      } catch (error) {
        throw new Error(`the fault “${fault.kind}” failed`, { cause: error });
      }
    }
  }

  async #disturbProcesses(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await this.#scene.pause(100, 900);
      if (this.#mercy) continue;
      this.#processFault = this.#disturbProcess();
      await this.#processFault;
    }
  }

  async #disturbProcess(): Promise<void> {
    const { pool, maxStalenessMs, random } = this.stage;
    const victim = Math.floor(random() * pool.size);
    const chance = random();
    if (chance < 0.3) {
      return this.#during('kill -9 of a process', () => pool.replace(victim, this.#scene.between(0, 300)), victim);
    }
    const [kind, least, most] =
      chance < 0.65
        ? ['SIGSTOP of a process, longer than the bound', 1.1 * maxStalenessMs, 2.5 * maxStalenessMs]
        : ['SIGSTOP of a process', 20, 0.9 * maxStalenessMs];
    await this.#during(
      kind,
      async () => {
        pool.stop(victim);
        await this.#scene.pause(least, most);
        pool.resume(victim);
      },
      victim,
    );
  }

  async #whileAwake(work: () => Promise<void>): Promise<void> {
    const { pool } = this.stage;
    this.#mercy = true;
    try {
      await this.#processFault;
      await pool.wellness();
      // what was acknowledged to one that was killed is with the replica by now
      await pause(200);
      await work();
      await pool.wellness();
    } finally {
      this.#mercy = false;
    }
  }

  async #during(kind: string, happen: () => Promise<void>, victim?: number): Promise<void> {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    const from = monotonicMs();
    await happen();
    const whom = victim === undefined ? '' : ` ${victim}`;
    this.timeline.push(`${from.toFixed(1)} to ${monotonicMs().toFixed(1)}: ${kind}${whom}`);
  }
}

function shuffled<T>(all: readonly T[], random: () => number): T[] {
  return all
    .map((each) => ({ each, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ each }) => each);
}
