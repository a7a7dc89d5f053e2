import { RedisFault } from '../../redis/redis-fault.js';

/** `unknown`: this user may not ask, which the application needn't either. */
export type CheckStatus = 'ok' | 'warn' | 'fail' | 'unknown';

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  readonly status: CheckStatus;
  /** What is the case. */
  readonly found: string;
  /** What to do about it. */
  readonly change?: string;
}

export const ok = (name: string, found: string): Check => ({ name, status: 'ok', found });
export const unknown = (name: string, found: string): Check => ({ name, status: 'unknown', found });
export const warn = (name: string, found: string, change: string): Check => ({ name, status: 'warn', found, change });
export const fail = (name: string, found: string, change: string): Check => ({ name, status: 'fail', found, change });

/** What a server answers, or `undefined` where this user may not ask it. @throws RedisFault when nobody answers */
export async function ifAllowed<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof RedisFault && !error.isOutage) return undefined;
    throw error;
  }
}
