import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { firstMessage, letGo } from '../child-process.js';
import { addedTo, type MemberStatus } from './member-status.js';
import type { RoleOptions } from './roles.js';

const PROGRAM = fileURLToPath(new URL('./service.process.js', import.meta.url));
const LAST_WORDS = 2_000;

/** A process of the shop, which can be killed and started again at the same port. */
export class Member {
  private child: ChildProcess | undefined;
  private isReady = false;
  /** Of its former lives. */
  private former: MemberStatus | undefined;
  private latest: MemberStatus | undefined;

  private constructor(private readonly options: RoleOptions) {}

  static async start(options: RoleOptions): Promise<Member> {
    const member = new Member(options);
    await member.begin();
    return member;
  }

  get role(): RoleOptions['role'] {
    return this.options.role;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Resolves when it answers. */
  async begin(): Promise<void> {
    const tellsOthers = this.options.broker === null ? 'no' : 'yes';
    const child = fork(PROGRAM, [JSON.stringify(this.options)], {
      env: { ...process.env, SHOP_TELLS_OTHERS: tellsOthers },
      // what is logged while others are away would break the progress bar
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.child = child;
    let lastWords = '';
    child.stderr?.on('data', (chunk: Buffer) => (lastWords = (lastWords + chunk.toString()).slice(-LAST_WORDS)));
    await firstMessage(child, `The ${this.role}`).catch(async (error: Error) => {
      await this.kill();
      throw new Error(`${error.message}\n${lastWords}`, { cause: error });
    });
    this.isReady = true;
  }

  /** Without a word to anybody. */
  async kill(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    this.isReady = false;
    this.former = this.latest;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** While it isn't there: what it said last. */
  async status(): Promise<MemberStatus | undefined> {
    const child = this.child;
    if (!this.isReady || !child?.connected) return this.latest;
    const over = new AbortController();
    const answer = once(child, 'message', over).then(([message]) => message as MemberStatus);
    const gone = once(child, 'exit', over).then(() => undefined);
    gone.catch(() => {});
    child.send('status', () => {}); // it may be gone by now
    const status = await Promise.race([answer, gone]);
    over.abort();
    answer.catch(() => {});
    if (status && child === this.child) this.latest = addedTo(this.former, status);
    return this.latest;
  }

  async close(): Promise<void> {
    if (this.child) await letGo(this.child);
  }
}
