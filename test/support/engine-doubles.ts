import type { Lease, LoadLock, LockAttempt, ManyLocksAttempt } from '../../lib/coalescing/load-lock.interface.js';
import type { AppendReceipt, Journal, JournalStatus } from '../../lib/journal/journal.interface.js';
import { MemoryJournal } from '../../lib/journal/memory.journal.js';
import type { EntryAddress } from '../../lib/entry/entry-address.js';
import type { SharedTier, StoredEntry } from '../../lib/tiers/tier.interface.js';

const nameOf = ({ cache, schema, key }: EntryAddress): string => `${cache}:v${schema}:${key}`;

/** A store outside the process: a map of bytes that can be made slow, emptied and damaged. */
export class FakeSharedTier implements SharedTier {
  readonly present = true;
  isReachable = true;
  readonly bytes = new Map<string, Buffer>();
  readonly ttls = new Map<string, number>();
  reads = 0;
  writes = 0;
  #gate: Promise<void> = Promise.resolve();

  async get(address: EntryAddress): Promise<Buffer | undefined> {
    this.reads++;
    await this.#gate;
    return this.bytes.get(nameOf(address));
  }

  async getMany(addresses: readonly EntryAddress[]): Promise<(Buffer | undefined)[]> {
    this.reads++;
    await this.#gate;
    return addresses.map((address) => this.bytes.get(nameOf(address)));
  }

  async set(address: EntryAddress, bytes: Buffer, ttlMs: number): Promise<void> {
    this.writes++;
    await this.#gate;
    this.bytes.set(nameOf(address), bytes);
    this.ttls.set(nameOf(address), ttlMs);
  }

  async setMany(entries: readonly StoredEntry[]): Promise<void> {
    this.writes++;
    await this.#gate;
    for (const { address, bytes, ttlMs } of entries) {
      this.bytes.set(nameOf(address), bytes);
      this.ttls.set(nameOf(address), ttlMs);
    }
  }

  async prolong(address: EntryAddress, ttlMs: number): Promise<void> {
    await this.#gate;
    if (this.bytes.has(nameOf(address))) this.ttls.set(nameOf(address), ttlMs);
  }

  async delete(address: EntryAddress): Promise<void> {
    await this.#gate;
    this.bytes.delete(nameOf(address));
  }

  /** Answers come only after the returned function is called. */
  hold(): () => void {
    let open = (): void => undefined;
    this.#gate = new Promise<void>((resolve) => (open = resolve));
    return open;
  }
}

/** A load lock that another process can hold. */
export class FakeLoadLock implements LoadLock {
  /** All of them, or those of some keys. */
  heldElsewhere: boolean | ReadonlySet<string> = false;
  attempts = 0;
  /** Leases given and not given back. */
  held = 0;
  /** Looks into the store in the same step, as the real one does. */
  peek: (cache: string, key: string) => Buffer | undefined = () => undefined;

  tryAcquire({ cache, key }: EntryAddress): Promise<LockAttempt> {
    this.attempts++;
    const found = this.peek(cache, key);
    return Promise.resolve({ lease: this.#isHeldElsewhere(key) ? undefined : this.#lease(1), found });
  }

  tryAcquireMany(addresses: readonly EntryAddress[]): Promise<ManyLocksAttempt> {
    this.attempts++;
    const found = addresses.map(({ cache, key }) => this.peek(cache, key));
    const acquired = addresses.map(({ key }) => !this.#isHeldElsewhere(key));
    const count = acquired.filter(Boolean).length;
    return Promise.resolve({ lease: count === 0 ? undefined : this.#lease(count), acquired, found });
  }

  #isHeldElsewhere(key: string): boolean {
    return typeof this.heldElsewhere === 'boolean' ? this.heldElsewhere : this.heldElsewhere.has(key);
  }

  #lease(count: number): Lease {
    this.held += count;
    let isOver = false;
    return {
      release: () => {
        if (!isOver) this.held -= count;
        isOver = true;
        return Promise.resolve();
      },
    };
  }
}

/** A journal in the process whose reachability can be taken away. */
export class FakeJournal implements Journal {
  readonly #inner: MemoryJournal;
  clockOffsetMs = 0;
  confirmation: 'succeeds' | 'fails' | 'hangs' = 'succeeds';
  confirmations = 0;
  fleetStalenessMs = 0;
  /** Appends wait until `deliver()`. */
  queues = false;
  readonly #queued: (() => void)[] = [];
  readonly #hanging: ((confirmed: boolean) => void)[] = [];

  constructor(
    epoch = 'epoch',
    private readonly shared?: FakeJournal,
  ) {
    this.#inner = new MemoryJournal(1_000, epoch);
    shared?.followers.push(this);
  }

  /** Journals of other processes that hear of what is appended here. */
  readonly followers: FakeJournal[] = [];

  get replica(): Journal['replica'] {
    return this.#inner.replica;
  }

  /** From now on nothing is known for certain. */
  distrust(): void {
    this.replica.trustedFrom = Number.POSITIVE_INFINITY;
    this.replica.trustedUntil = Number.NEGATIVE_INFINITY;
    this.replica.version++;
  }

  trust(): void {
    this.replica.trustedFrom = Number.NEGATIVE_INFINITY;
    this.replica.trustedUntil = Number.POSITIVE_INFINITY;
  }

  async append(tags: readonly string[]): Promise<AppendReceipt> {
    if (this.queues) return this.#queue(tags);
    const receipt = { ...(await this.#inner.append(tags)), fleetStalenessMs: this.fleetStalenessMs };
    this.#tell(tags, receipt.status === 'applied' ? receipt.position : 0);
    return receipt;
  }

  #tell(tags: readonly string[], position: number): void {
    const others = [...this.followers, ...(this.shared === undefined ? [] : [this.shared])];
    for (const { replica } of others) replica.apply({ epoch: replica.epoch, position, tags });
  }

  #queue(tags: readonly string[]): AppendReceipt {
    const { replica } = this;
    replica.begin(tags);
    const appended = new Promise<AppendReceipt & { readonly status: 'applied' }>((resolve) => {
      this.#queued.push(() => {
        const record = { epoch: replica.epoch, position: replica.applied + 1, tags };
        replica.apply(record);
        replica.acknowledge(tags, record);
        const { epoch, position } = record;
        resolve({ status: 'applied', epoch, position, fleetStalenessMs: this.fleetStalenessMs });
      });
    });
    return { status: 'queued', appended };
  }

  /** The journal is back: what was queued is appended. */
  deliver(): void {
    this.queues = false;
    for (const append of this.#queued.splice(0)) append();
  }

  confirm(): Promise<boolean> {
    this.confirmations++;
    if (this.confirmation === 'hangs') return new Promise((resolve) => this.#hanging.push(resolve));
    return Promise.resolve(this.confirmation === 'succeeds');
  }

  /** Answers every confirmation that hangs. */
  answer(confirmed: boolean): void {
    this.confirmation = confirmed ? 'succeeds' : 'fails';
    for (const resolve of this.#hanging.splice(0)) resolve(confirmed);
  }

  status(now: number): JournalStatus {
    return { ...this.#inner.status(now), trusted: this.replica.trusts(now), queued: this.#queued.length };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
