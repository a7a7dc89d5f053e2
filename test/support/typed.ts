import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { systemRuntime } from '../../lib/cache.runtime.js';
import { runCli } from '../../lib/cli/cli.js';
import { bundled } from './processes/bundle.js';

export interface Typed {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface TypedOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Both streams are a terminal. */
  readonly isTTY?: boolean;
  readonly signal?: AbortSignal;
}

/** Runs a command line in this process, with streams that are read here. */
export async function typed(args: readonly string[], options: TypedOptions = {}): Promise<Typed> {
  const { env = {}, isTTY = false, signal = new AbortController().signal } = options;
  let [out, err] = ['', ''];
  const code = await runCli(args, {
    stdout: { isTTY, write: (text) => (out += text) },
    stderr: { isTTY, write: (text) => (err += text) },
    env,
    runtime: systemRuntime,
    signal,
    version: () => '1.2.3',
  });
  return { code, out, err };
}

/** The command line in a process of its own. */
export class TypedProcess {
  out = '';
  err = '';
  readonly done: Promise<Typed>;

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    child.stdout.on('data', (chunk: Buffer) => (this.out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (this.err += chunk.toString()));
    this.done = new Promise((resolve) => {
      child.on('close', (code) => resolve({ code, out: this.out, err: this.err }));
    });
  }

  static async start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<TypedProcess> {
    const file = await bundled('../../../lib/cli/bin.ts');
    const { CACHE_REDIS_URL: _, CACHE_NAMESPACE: __, ...rest } = process.env;
    const child = spawn(process.execPath, [file, ...args], { env: { ...rest, ...env } });
    onTestFinished(() => void child.kill('SIGKILL'));
    return new TypedProcess(child);
  }

  interrupt(): void {
    this.child.kill('SIGINT');
  }

  /** Nobody reads any more. */
  stopReading(): void {
    this.child.stdout.destroy();
  }
}
