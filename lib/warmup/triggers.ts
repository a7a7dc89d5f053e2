import type { Runtime, Timer } from '../cache.runtime.js';
import type { Rule } from '../options/option-reader.js';
import { parseDuration } from '../options/duration.js';
import { CronSchedule } from './cron.js';

/** An occasion to warm. */
export type Trigger =
  | { readonly kind: 'start' }
  | { readonly kind: 'every'; readonly text: string; readonly ms: number }
  | { readonly kind: 'cron'; readonly text: string; readonly schedule: CronSchedule };

/** A moment at which to warm; processes that agree on its id do it once. */
export interface Tick {
  readonly id: string;
  readonly text: string;
  /** How long the moment is remembered, ms, when the work took so long. */
  readonly doneForMs: (tookMs: number) => number;
}

const SHORTEST_EVERY_MS = 1_000;
/** Clocks of one fleet don't differ by more. */
const TICK_REMEMBERED_MS = 600_000;
/** Timers are made anew so often, because a wall clock may be set. */
const LONGEST_WAIT_MS = 60_000;
/** Warming every so long isn't left out because this process was a little early. */
const TOLERANCE = 0.9;

const TAKES =
  "'start', a duration of at least 1 s such as '10m', a cron expression of 5 or 6 fields, or a list of them";

export const triggers: Rule<readonly Trigger[]> = {
  takes: TAKES,
  read: (given) => {
    const list: readonly unknown[] = Array.isArray(given) ? given : [given];
    const read = list.map((one) => triggerOf(one));
    return list.length > 0 && read.every((trigger) => trigger !== undefined) ? read : undefined;
  },
};

function triggerOf(given: unknown): Trigger | undefined {
  if (given === 'start') return { kind: 'start' };
  const ms = parseDuration(given);
  if (ms !== undefined) return ms < SHORTEST_EVERY_MS ? undefined : { kind: 'every', text: String(given), ms };
  const schedule = typeof given === 'string' ? CronSchedule.parse(given) : undefined;
  // the 30th of February; what is once every few years comes within this
  const comes = schedule?.next(Date.UTC(2024, 0, 1)) !== undefined;
  return schedule !== undefined && comes ? { kind: 'cron', text: given as string, schedule } : undefined;
}

/** Calls whenever it is time, until it is cancelled. Doesn't keep the process alive. */
export function schedule(
  trigger: Exclude<Trigger, { kind: 'start' }>,
  runtime: Runtime,
  call: (tick: Tick) => void,
): Timer {
  let timer: Timer;
  const wait = (at: number, from: number): void => {
    const leftMs = at - runtime.now();
    // where a clock is set back by far, the plan is made anew
    if (leftMs > at - from + LONGEST_WAIT_MS) return plan();
    timer = runtime.after(
      Math.min(Math.max(leftMs, 0), LONGEST_WAIT_MS),
      () => {
        if (runtime.now() < at) return wait(at, from);
        call(tickOf(trigger, at));
        plan();
      },
      { background: true },
    );
  };
  const plan = (): void => {
    const now = runtime.now();
    wait(trigger.kind === 'every' ? now + trigger.ms : (trigger.schedule.next(now) ?? now + LONGEST_WAIT_MS), now);
  };
  plan();
  return { cancel: () => timer.cancel() };
}

function tickOf(trigger: Exclude<Trigger, { kind: 'start' }>, at: number): Tick {
  const { text } = trigger;
  return trigger.kind === 'every'
    ? { id: `every ${trigger.ms}`, text, doneForMs: (tookMs) => trigger.ms * TOLERANCE - tookMs }
    : { id: `${text} at ${at}`, text, doneForMs: () => TICK_REMEMBERED_MS };
}
