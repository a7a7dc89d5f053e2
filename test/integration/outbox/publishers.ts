import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { bundled } from '../../support/processes/bundle.js';

/** A broker, and the processes that publish over it. */
export class Publishers {
  /** Every event that arrived, in its order, those that arrived again included. */
  readonly arrived: string[] = [];
  /** Events that arrived while another process waited for its answer. */
  readonly interleaved: string[] = [];
  isAway = false;
  /** Whoever sends this one gets no answer. */
  silentAt: string | undefined;
  #leading: ChildProcess | undefined;
  readonly #children = new Set<ChildProcess>();

  constructor(
    private readonly url: string,
    private readonly stalledAfter = '60s',
  ) {
    onTestFinished(async () => {
      await Promise.all([...this.#children].map(async (child) => end(child)));
    });
  }

  async start(howMany = 1): Promise<void> {
    const program = await bundled('../../integration/outbox/publisher.process.ts');
    for (let each = 0; each < howMany; each++) {
      const child = fork(program, [this.url, this.stalledAfter]);
      this.#children.add(child);
      child.on('message', (event: string) => this.#take(child, event));
      child.on('exit', () => this.#children.delete(child));
    }
  }

  get running(): number {
    return this.#children.size;
  }

  /** Each event once, in the order in which they arrived first. */
  get first(): string[] {
    return [...new Set(this.arrived)];
  }

  /** Without a word to anybody, the one that waits for an answer. */
  async killLeading(): Promise<void> {
    const child = this.#leading!;
    // it says nothing more, and another one may publish before its end is known here
    this.#forget(child);
    await end(child);
  }

  /** The one that waits for an answer stands still: its connections stay open. @returns what has it go on */
  freezeLeading(): () => void {
    const child = this.#leading!;
    child.kill('SIGSTOP');
    this.#forget(child);
    return () => {
      child.kill('SIGCONT');
      child.send(true);
    };
  }

  #take(child: ChildProcess, event: string): void {
    if (this.#leading !== undefined && this.#leading !== child) this.interleaved.push(event);
    this.#leading = child;
    if (!this.isAway) this.arrived.push(event);
    if (event === this.silentAt) return;
    this.#forget(child);
    child.send(!this.isAway);
  }

  #forget(child: ChildProcess): void {
    if (this.#leading === child) this.#leading = undefined;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
