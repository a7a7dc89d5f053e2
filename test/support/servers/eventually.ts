import { setTimeout as pause } from 'node:timers/promises';

/** Asks until the answer is anything but `undefined` and `false`; errors count as "not yet". Says what was missing. */
export async function eventually<Answer>(
  what: string,
  ask: () => Answer | Promise<Answer>,
  { withinMs = 20_000, everyMs = 20 } = {},
): Promise<Exclude<Answer, undefined | false>> {
  const deadline = performance.now() + withinMs;
  let failure: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer as Exclude<Answer, undefined | false>;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    await pause(everyMs);
  } while (performance.now() < deadline);
  throw new Error(`${what}: not within ${withinMs} ms`, { cause: failure });
}
