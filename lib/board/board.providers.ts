import type { LoggerService } from '@nestjs/common';
import type { CacheMachine } from '../cache.providers.js';
import { Problems } from '../options/option-reader.js';
import { Audit } from './audit.js';
import { BoardActions } from './board-actions.js';
import type { CacheBoardOptions } from './board-options.interface.js';
import { BoardRoutes, type RouteRegistrar } from './board-routes.js';
import { BoardState } from './board-state.js';
import { EntryDesk } from './entry-desk.js';
import { History } from './history.js';
import { HotKeys } from './hot-keys.js';
import { JournalLog } from './journal-log.js';
import { LiveStream } from './live-stream.js';
import { LoadTimes } from './load-times.js';
import { ProcessWatch } from './process-watch.js';
import { resolveBoardOptions } from './resolve-board-options.js';

/** One board at work. */
export interface Board {
  register(adapter: RouteRegistrar): void;
  close(): Promise<void>;
}

/** The one place where the parts of the board meet. @throws CacheConfigurationError */
export async function createBoard(
  options: CacheBoardOptions,
  machine: CacheMachine | undefined,
  registration: string,
  log: Pick<LoggerService, 'log' | 'warn'>,
): Promise<Board> {
  const problems = new Problems();
  const resolved = resolveBoardOptions(options, problems);
  if (machine === undefined) {
    problems.add(
      'CacheBoardModule',
      `there is no CacheModule (registration '${registration}') whose caches it could show`,
    );
  }
  if (problems.any) {
    await machine?.service.close();
    problems.throwIfAny();
  }
  const { engine, service, warmup } = machine!;
  if (machine!.problems.any) return { register: () => undefined, close: () => Promise.resolve() };
  const { runtime } = engine.parts;
  const history = new History(engine);
  const loads = new LoadTimes(engine);
  const hot = new HotKeys(engine);
  const journal = new JournalLog(engine);
  const processes = new ProcessWatch(engine);
  const audit = new Audit(runtime, log, resolved.audit);
  const entries = new EntryDesk(engine, resolved.showValues);
  const actions = new BoardActions(engine, service, entries, resolved.actions, audit);
  const about = { registration, actions: [...resolved.actions], showValues: resolved.showValues };
  const state = new BoardState({ engine, service, warmup, history, loads, hot, journal, processes, audit }, about);
  const stream = new LiveStream(state, runtime);
  const routes = new BoardRoutes({ options: resolved, stream, entries, actions, log, runtime });
  const parts = [history, loads, hot, journal];
  for (const part of parts) part.start();
  processes.start(() => stream.clients > 0);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    stream.close();
    for (const part of parts) part.close();
    await processes.close();
  };
  return { register: (adapter) => routes.register(adapter), close: () => (closing ??= close()) };
}
