import { inspect } from 'node:util';
import { userTags } from '../../lib/entry/tags.js';
import { readEvent, writeEvent, type EventLimits, type InvalidationEvent } from '../../lib/events/event-format.js';
import { readSigningKeys, signEvent, verifyEvent, type SigningKeys } from '../../lib/events/event-signature.js';
import { seededRandom } from '../support/seeded-random.js';
import { EventInputs } from './event-inputs.js';

export interface FuzzReport {
  readonly runs: number;
  /** How often each end was met: `read`, or a refusal. */
  readonly ends: Readonly<Record<string, number>>;
  /** How many of those that were read were signed, sent, received and verified. */
  readonly signed: number;
  /** Inputs that made the reader throw, as far as they can be shown. */
  readonly thrown: readonly string[];
  /** What was read and isn't what it has to be. */
  readonly broken: readonly string[];
  readonly largestHeapBytes: number;
}

const NOW = 1_700_000_000_000;
const REFUSALS = new Set<unknown>(['malformed', 'oversized', 'foreign']);
const KEYS = readSigningKeys({ current: 'k'.repeat(32), keys: { ['k'.repeat(32)]: 'a secret of 16 or more' } });

/** Random and mutated events through the reader, over and over from a seed. */
export function fuzzEvents({ runs, seed, limits }: { runs: number; seed: number; limits: EventLimits }): FuzzReport {
  const inputs = new EventInputs(seededRandom(seed));
  const ends: Record<string, number> = {};
  const thrown: string[] = [];
  const broken: string[] = [];
  let signed = 0;
  let largestHeapBytes = 0;
  for (let run = 0; run < runs; run++) {
    if (run % 10_000 === 0) largestHeapBytes = Math.max(largestHeapBytes, process.memoryUsage().heapUsed);
    const given = inputs.draw();
    try {
      const event = readEvent(given, limits);
      const end = typeof event === 'string' ? event : 'read';
      ends[end] = (ends[end] ?? 0) + 1;
      if (typeof event === 'string') {
        if (!REFUSALS.has(event)) broken.push(`run ${run}: ${event}`);
        continue;
      }
      const fault = faultOf(event, limits);
      if (fault !== undefined) broken.push(`run ${run}: ${fault}: ${JSON.stringify(event).slice(0, 500)}`);
      signed++;
    } catch (error) {
      // proxies and getters are shown without being asked
      thrown.push(`run ${run}: ${inspect(error)}, given ${inspect(given).slice(0, 500)}`);
    }
  }
  return { runs, ends, signed, thrown, broken, largestHeapBytes };
}

/** What isn't as it has to be with an event that was read. */
function faultOf(event: InvalidationEvent, limits: EventLimits): string | undefined {
  const { tags, keys, caches, all } = event;
  const targets = tags.length + keys.length + caches.length;
  if (targets > limits.maxTargets) return 'too many targets';
  if (targets === 0 && !all) return 'no target';
  const unsigned = JSON.stringify(writeEvent({ ...event, signature: undefined }));
  if (Buffer.byteLength(unsigned) > limits.maxBytes) return 'too large';
  if (JSON.stringify(readEvent(unsigned, limits)) !== JSON.stringify({ ...event, signature: undefined })) {
    return 'another one when it comes as JSON';
  }
  // throws for what can't be a tag
  userTags(tags, () => 'the fuzzer');
  return signingFaultOf({ ...event, id: event.id ?? 'e1', at: event.at ?? NOW }, KEYS as SigningKeys);
}

function signingFaultOf(event: InvalidationEvent, keys: SigningKeys): string | undefined {
  const verify = (received: InvalidationEvent) => verifyEvent(received, keys, event.at!, 1_000);
  if (verify(event) === undefined) return 'right without being signed';
  const text = JSON.stringify(writeEvent(signEvent(event, keys)));
  const received = readEvent(text, { maxBytes: Buffer.byteLength(text), maxTargets: Infinity });
  if (typeof received === 'string') return `${received} when it is signed`;
  if (verify(received) !== undefined) return 'not right when it is signed';
  return verify({ ...received, all: !received.all }) === 'forged' ? undefined : 'right when it was changed';
}
