import type { ChildProcess } from 'node:child_process';
import { onTestFinished } from 'vitest';
import type { Calls } from './answering.js';
import { ChildCalls } from './child-calls.js';

/** A process of its own that does what it is told; it doesn't outlive the test. */
export class ForkedProcess<Of extends Calls<Of>> extends ChildCalls<Of> {
  protected static async fork(file: string): Promise<ChildProcess> {
    const child = await ChildCalls.spawn(file);
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  }
}
