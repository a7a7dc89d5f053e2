import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { isAbsolute } from 'node:path';
import type { Calls, Question } from './answering.js';
import { bundled } from './bundle.js';

interface Answer {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}

/** A process of its own that does what it is told. Whoever starts it ends it. */
export class ChildCalls<Of extends Calls<Of>> {
  readonly #open = new Map<number, { resolve: (answer: unknown) => void; reject: (reason: Error) => void }>();
  #questions = 0;

  constructor(protected readonly child: ChildProcess) {
    child.on('message', ({ id, answer, error }: Answer) => {
      const { resolve, reject } = this.#open.get(id) ?? {};
      this.#open.delete(id);
      if (error === undefined) resolve?.(answer);
      else reject?.(new Error(error));
    });
    child.on('exit', () => {
      for (const { reject } of this.#open.values()) reject(new Error('the process has ended'));
    });
  }

  /** @param file of this folder, or the path of a script; it says when it is ready */
  static async spawn(file: string): Promise<ChildProcess> {
    const child = fork(isAbsolute(file) ? file : await bundled(file));
    await once(child, 'message');
    return child;
  }

  call<Call extends keyof Of & string>(call: Call, ...args: Parameters<Of[Call]>): ReturnType<Of[Call]> {
    const id = ++this.#questions;
    return new Promise<unknown>((resolve, reject) => {
      this.#open.set(id, { resolve, reject });
      this.child.send({ id, call, args } satisfies Question, (error) => error !== null && reject(error));
    }) as ReturnType<Of[Call]>;
  }

  /** It stands still: its connections stay open, and it takes nothing in. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  /** Without a word to anybody. */
  async kill(): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}
