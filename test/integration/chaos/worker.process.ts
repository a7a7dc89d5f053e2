// A process of an application under load, as the chaos runs fork it; ends with its parent.
import { setTimeout as pause } from 'node:timers/promises';
import { startCacheMachine } from '../../../lib/cache.providers.js';
import { seededRandom } from '../../support/seeded-random.js';
import { monotonicMs } from './chaos-run.js';
import { ChaosActors } from './worker-actors.js';
import type { FromWorker, ToWorker, WorkerEvent, WorkerSettings } from './worker-messages.js';

const SEND_EVERY_MS = 25;
const CALM_MS = 8_000;

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };
const questions = new Map<number, (versions: readonly number[]) => void>();
let lastQuestion = 0;
let events: WorkerEvent[] = [];
let actors: ChaosActors | undefined;

const say = (message: FromWorker): void => void process.send?.(message);

function ask(rows: readonly number[], writes: boolean): Promise<readonly number[]> {
  const id = ++lastQuestion;
  return new Promise((resolve) => {
    questions.set(id, resolve);
    say({ kind: 'ask', id, rows, writes });
  });
}

async function begin({ seed, options, readers, writers }: WorkerSettings): Promise<void> {
  const { service, engine, problems } = await startCacheMachine(options, silent);
  problems.throwIfAny();
  const { replica } = engine.parts.journal;
  actors = new ChaosActors(service, seededRandom(seed), { ask, tell: (event) => events.push(event) });
  actors.begin(readers, writers);
  setInterval(() => {
    if (replica.pendingTags === 0) actors!.drained();
    const { trusted, queued } = service.status().journal;
    say({ kind: 'events', events });
    say({ kind: 'status', status: { trusted, queued, pending: replica.pendingTags } });
    events = [];
  }, SEND_EVERY_MS);
}

async function finish(): Promise<void> {
  const lastInvalidation = await actors!.lastWords();
  const end = performance.now() + CALM_MS;
  await Promise.race([actors!.allEnded(), pause(CALM_MS)]);
  // a refresh that nobody waits for may still be under way
  while (actors!.flights > 0 && performance.now() < end) await pause(10);
  say({ kind: 'events', events });
  events = [];
  say({ kind: 'finished', account: { unended: actors!.unended, flights: actors!.flights, lastInvalidation } });
}

process.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'begin':
      return void begin(message.settings);
    case 'rows':
      questions.get(message.id)?.(message.versions);
      return void questions.delete(message.id);
    case 'calm':
      return actors?.calm();
    case 'finish':
      return void finish();
  }
});
process.on('disconnect', () => process.exit());
process.on('uncaughtException', (error: Error) => {
  const message = String(error.stack);
  const event = { kind: 'rejected', what: 'nobody’s', at: monotonicMs(), message } as const;
  process.send!({ kind: 'events', events: [...events, event] } satisfies FromWorker, () => process.exit(1));
});
say({ kind: 'forked' });
