import type { MicroserviceOptions } from '@nestjs/microservices';
import type { CacheModuleOptions } from 'nestjs-hybrid-cache';
import type { CacheEventsOptions, CacheEventsStatus } from 'nestjs-hybrid-cache/events';
import { ForkedProcess } from './forked-process.js';

/** What a listening process can be told. What it caches are rows of a Redis. */
export interface ListenerCalls {
  open(how: {
    readonly sourceUrl: string;
    readonly cache: CacheModuleOptions;
    readonly events: CacheEventsOptions;
    /** A transport of Nest to listen on. */
    readonly transport?: MicroserviceOptions;
  }): Promise<void>;
  /** The row `row:<id>` of the source, which carries the tag `user:<id>`. */
  read(id: string): Promise<string | null>;
  status(): Promise<CacheEventsStatus>;
}

/** A process of its own that listens to events. */
export class ForkedListener extends ForkedProcess<ListenerCalls> {
  static async start(how: Parameters<ListenerCalls['open']>[0]): Promise<ForkedListener> {
    const made = new ForkedListener(await this.fork('listener.process.ts'));
    await made.call('open', how);
    return made;
  }
}
