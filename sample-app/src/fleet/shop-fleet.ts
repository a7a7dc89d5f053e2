import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { firstMessage, letGo } from '../child-process.js';
import type { ShopStatus } from '../gateway/status.controller.js';
import type { ShopOptions } from '../shop.js';

const PROGRAM = fileURLToPath(new URL('./shop.process.js', import.meta.url));

/** How many processes there are. */
export const FLEET_SIZE = 3;

/** The same shop as several processes, as behind a load balancer. */
export class ShopFleet {
  private constructor(
    private readonly children: readonly ChildProcess[],
    readonly urls: readonly string[],
  ) {}

  /** @param options where `port` isn't 0, it is the first process's; the others take the next ones */
  static async open(options: ShopOptions): Promise<ShopFleet> {
    const children = portsFrom(options.port ?? 0).map((port) =>
      // what they log of an outage would break the progress bar; errors are seen
      fork(PROGRAM, [JSON.stringify({ ...options, port })], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
    );
    try {
      const ready = children.map((child) => firstMessage<{ url: string }>(child, 'A process of the shop'));
      const urls = (await Promise.all(ready)).map(({ url }) => url);
      return new ShopFleet(children, urls);
    } catch (error) {
      await Promise.all(children.map(letGo));
      throw error;
    }
  }

  /** What each process says of itself at `/status`. */
  statuses(): Promise<ShopStatus[]> {
    return Promise.all(
      this.urls.map(async (url) => (await (await fetch(new URL('/status', url))).json()) as ShopStatus),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.children.map(letGo));
  }
}

/** Where the processes of a fleet listen; 0 is any free port. */
export const portsFrom = (first: number): number[] =>
  Array.from({ length: FLEET_SIZE }, (_, index) => (first === 0 ? 0 : first + index));
