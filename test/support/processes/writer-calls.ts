import type { CacheModuleOptions } from '../../../lib/options/cache-options.interface.js';

/** What a process that writes behind can be told. */
export interface WriterCalls {
  open(how: {
    readonly databaseUrl: string;
    readonly table: string;
    readonly options: CacheModuleOptions;
  }): Promise<void>;
  /** Resolves when it was acknowledged. */
  write(key: string, n: number): Promise<void>;
  /** As a strong read answers; `sure` unless the queue couldn't be asked meanwhile. */
  read(key: string, table: string): Promise<{ readonly n: number; readonly sure: boolean }>;
  /** Keys that wait for the sink. */
  waiting(): Promise<number>;
}
