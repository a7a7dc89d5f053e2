import type { CacheMachine } from '../../../lib/cache.providers.js';
import { appendRecord } from '../../../lib/redis/scripts.js';
import type { World } from '../world.js';
import type { Fault, LinkName } from './fleet-program.js';
import { SimulatedServer, type Link, type SimulatedBackend } from './network.js';
import type { SimulatedProcess } from './simulated-process.js';

/** A process of the fleet; after a crash it has another life. */
export interface Member {
  readonly index: number;
  life: number;
  process: SimulatedProcess;
  backend: SimulatedBackend;
  machine: CacheMachine;
}

/** Of an acknowledgement from the master that is gone. */
const LONGEST_WAY_MS = 200;
const CLOCK = '{fleet}:clock';
const JOURNAL = '{fleet}:journal';

/** Lets the faults of a program happen. */
export class FaultPlan {
  /** When the master took over that may lack what was acknowledged last; `undefined` while there is no such thing. */
  tookOverAt: number | undefined;
  #losingUntil = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly world: World,
    private readonly faults: readonly Fault[],
    private readonly members: readonly Member[],
    /** The one that clients are sent to. */
    public server: SimulatedServer,
    private readonly restart: (member: Member, delayMs: number) => void,
  ) {}

  /** Whether what is acknowledged now may have been lost already. */
  get mayLose(): boolean {
    return this.world.now() < this.#losingUntil;
  }

  schedule(): void {
    for (const fault of this.faults) this.world.after(fault.atMs, () => this.#happen(fault));
  }

  #happen(fault: Fault): void {
    switch (fault.kind) {
      case 'cut':
        return this.#links(fault.process, fault.link).forEach((link) => link.reset(fault.forMs));
      case 'swallow':
        return this.#links(fault.process, fault.link).forEach((link) => link.swallow(fault.forMs));
      case 'pause':
        return this.members[fault.process]!.process.pause(fault.forMs);
      case 'crash':
        return this.#crash(this.members[fault.process]!, fault.forMs);
      case 'freeze':
        return this.server.freeze(fault.forMs);
      case 'kill':
        if (fault.forgets) this.server.redis.flushAll();
        return this.#reconnect(fault.forMs, this.server);
      case 'failover':
        return this.#failOver(fault);
      case 'server-clock':
        this.server.clockOffsetMs += fault.byMs;
        return undefined;
      case 'wall-clock':
        this.members[fault.process]!.process.wallOffsetMs += fault.byMs;
        return undefined;
      case 'flush':
        return this.server.redis.flushAll();
      case 'delete-clock':
        return this.server.redis.delete(CLOCK);
      case 'delete-journal':
        return this.server.redis.delete(JOURNAL);
      case 'evict':
        return this.#evict();
      case 'outgrow':
        return this.#outgrow();
    }
  }

  #links(process: number, name: LinkName): Link[] {
    const { commandLink, feedLink } = this.members[process]!.backend;
    if (name === 'both') return [commandLink, feedLink];
    return [name === 'commands' ? commandLink : feedLink];
  }

  #crash(member: Member, forMs: number): void {
    if (member.process.alive) this.restart(member, forMs);
  }

  #reconnect(downMs: number, server: SimulatedServer): void {
    for (const { backend } of this.members) backend.reset(downMs + this.world.upTo(30), server);
  }

  /** A replica takes over; what the master got in the last `lossMs` it doesn't have. */
  #failOver({ forMs, lossMs, splitProcess }: Fault & { kind: 'failover' }): void {
    const old = this.server;
    const copy = old.redis.snapshot();
    if (lossMs > 0) {
      old.replicates = false;
      this.#losingUntil = this.world.now() + lossMs + LONGEST_WAY_MS;
    }
    this.world.after(lossMs, () => {
      // another failover came first: two masters that both take writes are nobody's promise
      if (this.server !== old) return;
      const next = new SimulatedServer(this.world);
      next.redis.restore(copy);
      next.laggingReads = old.laggingReads;
      next.clockOffsetMs = old.clockOffsetMs - (lossMs > 0 ? this.world.upTo(20) : 0);
      this.server = next;
      if (lossMs > 0) this.tookOverAt = this.world.now();
      old.refusesWrites = true;
      for (const member of this.members) {
        // one may keep talking to the old master, which can't write any more, and is told later
        const isSplit = member.index === splitProcess;
        if (isSplit) this.world.after(forMs + 500, () => member.backend.reset(0, this.server));
        else member.backend.reset(forMs + this.world.upTo(30), next);
      }
    });
  }

  /** So many records of somebody else that those a stopped follower lacks are dropped. */
  #outgrow(): void {
    const { redis } = this.server;
    for (let record = 0; record < 3; record++) {
      redis.run(appendRecord, [CLOCK, JOURNAL], [`somebody-${record}`, '["t:else"]', 0, 0, 1, 0]);
    }
  }

  /** Out of memory, the server lets go of entries. */
  #evict(): void {
    const { redis } = this.server;
    for (const key of redis.snapshot().keys()) if (key !== CLOCK && key !== JOURNAL) redis.delete(key);
  }
}
