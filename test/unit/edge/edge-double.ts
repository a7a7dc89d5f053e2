import { EDGE_PURGER_DEFAULTS, EdgePurger, type EdgePurgerOptions } from '../../../lib/edge/edge-purger.js';
import type { EdgePurge, EdgeSender } from '../../../lib/edge/edge-sender.interface.js';
import { TestClock } from '../../../lib/testing/test-clock.js';

export interface Sent {
  /** Since the double was made. */
  readonly atMs: number;
  readonly keys: string;
  readonly mode: string;
  readonly signal: AbortSignal;
}

export interface EdgeSetup extends Partial<EdgePurgerOptions> {
  readonly canPurgeAll?: boolean;
  readonly random?: () => number;
  /** In place of what `edge.does` says. */
  readonly send?: EdgeSender['send'];
}

/** A purger over an edge that does what it is told, with a clock that stands still. */
export function purgerOver({ canPurgeAll = false, random = () => 0.5, send, ...options }: EdgeSetup = {}) {
  const clock = new TestClock({ random });
  const begun = clock.time;
  const sent: Sent[] = [];
  const told: string[] = [];
  const held: (() => void)[] = [];
  const edge = {
    does: 'answers' as 'answers' | 'fails' | 'holds',
    /** Only for requests of this mode; the others are answered. */
    only: undefined as string | undefined,
    releaseFirst: () => held.shift()?.(),
    releaseAll: () => {
      for (const release of held.splice(0)) release();
    },
  };
  const take = (keys: string, { mode, signal }: Omit<EdgePurge, 'keys'>): unknown => {
    sent.push({ atMs: clock.time - begun, keys, mode, signal });
    if (edge.does === 'answers' || (edge.only ?? mode) !== mode) return Promise.resolve();
    if (edge.does === 'fails') return Promise.reject(new Error('edge is down'));
    return new Promise<void>((resolve) => held.push(resolve));
  };
  const sender: EdgeSender = {
    send: send ?? ((purge) => take(purge.keys.join(' '), purge)),
    ...(canPurgeAll && { purgeAll: (purge: Omit<EdgePurge, 'keys'>) => take('everything', purge) }),
  };
  const purger = new EdgePurger(sender, clock, { ...EDGE_PURGER_DEFAULTS, ...options }, (line) => void told.push(line));
  return {
    purger,
    clock,
    edge,
    sent,
    told,
    requests: () => sent.map(({ atMs, mode, keys }) => `${atMs} ${mode} ${keys}`),
  };
}

/** That every key given is accounted for. */
export function total({ purger }: { readonly purger: EdgePurger }): number {
  const { purged, failed, dropped, pending } = purger.status();
  return purged + failed + dropped + pending;
}

export const keys = (count: number, prefix = 'k'): string[] => Array.from({ length: count }, (_, n) => `${prefix}${n}`);
