import { readEvent, writeEvent, type EventLimits } from '../../lib/events/event-format.js';
import { seededRandom } from '../support/seeded-random.js';

export interface FuzzReport {
  readonly runs: number;
  /** How often each end was met: `read`, or a refusal. */
  readonly ends: Readonly<Record<string, number>>;
  /** Inputs that made the reader throw, as far as they can be shown. */
  readonly thrown: readonly string[];
  /** What was read and isn't what it has to be. */
  readonly broken: readonly string[];
  readonly largestHeapBytes: number;
}

/** Random and mutated events through the reader, over and over from a seed. */
export function fuzzEvents({ runs, seed, limits }: { runs: number; seed: number; limits: EventLimits }): FuzzReport {
  const random = seededRandom(seed);
  const ends: Record<string, number> = {};
  const thrown: string[] = [];
  const broken: string[] = [];
  let largestHeapBytes = 0;
  for (let run = 0; run < runs; run++) {
    if (run % 10_000 === 0) largestHeapBytes = Math.max(largestHeapBytes, process.memoryUsage().heapUsed);
    const given = new Inputs(random).draw();
    try {
      const event = readEvent(given, limits);
      const end = typeof event === 'string' ? event : 'read';
      ends[end] = (ends[end] ?? 0) + 1;
      if (typeof event === 'string') continue;
      const again = readEvent(JSON.parse(JSON.stringify(writeEvent(event))), limits);
      if (JSON.stringify(again) !== JSON.stringify(event)) broken.push(`run ${run}: ${JSON.stringify(event)}`);
    } catch (error) {
      thrown.push(`run ${run}: ${String(error)}`);
    }
  }
  return { runs, ends, thrown, broken, largestHeapBytes };
}

const FIELDS = ['id', 'source', 'at', 'tags', 'keys', 'caches', 'all', 'mode', 'signature', 'value', '__proto__', 'x'];
const TEXTS = ['', 'a', 'user:7', 'soft', 'hard', 'v1.a.b', '\ud800', '€', '\u0000', 'x'.repeat(600), 'constructor'];
const BYTES = ['{', '}', '[', ']', '"', ',', ':', '\\', 'null', '1e999', ' ', '\u0000', '\\ud800'];

/** What a broken or hostile sender could send, and now and then what a good one does. */
class Inputs {
  constructor(private readonly random: () => number) {}

  draw(): unknown {
    switch (this.#upTo(5)) {
      case 0:
        return this.#anything(0);
      case 1:
        return this.#mangled(JSON.stringify(this.#likely()));
      case 2:
        return Buffer.from(this.#mangled(JSON.stringify(this.#likely())), this.#one(['utf8', 'latin1', 'utf16le']));
      case 3:
        return { value: this.#one([this.#likely(), JSON.stringify(this.#likely()), this.#anything(0)]) };
      default:
        return this.#mutated(this.#likely());
    }
  }

  #likely(): Record<string, unknown> {
    const list = (most: number, item: () => unknown): unknown[] => Array.from({ length: this.#upTo(most) }, item);
    return {
      id: `e${this.#upTo(1_000)}`,
      source: 'shop',
      at: this.#upTo(2 ** 31),
      tags: list(this.random() < 0.05 ? 1_500 : 4, () => `tag:${this.#upTo(50)}`),
      ...(this.random() < 0.5
        ? { keys: list(3, () => ['users', this.#one<unknown>(['7', 7, ['a', { b: [1, null] }]])]) }
        : {}),
      ...(this.random() < 0.3 ? { caches: list(3, () => 'search') } : {}),
      ...(this.random() < 0.1 ? { all: true } : {}),
      ...(this.random() < 0.2 ? { mode: 'soft' } : {}),
    };
  }

  #mutated(event: Record<string, unknown>): unknown {
    if (this.random() < 0.3) return event;
    const field = this.#one(FIELDS);
    const way = this.random();
    if (way < 0.2) delete event[field];
    else if (way < 0.3) {
      Object.defineProperty(event, field, {
        enumerable: true,
        configurable: true,
        get: () => {
          throw new RangeError('a getter');
        },
      });
    } else if (way < 0.4) return Object.create(event);
    else {
      const value = way < 0.45 ? event : this.#anything(0);
      Object.defineProperty(event, field, { value, enumerable: true, configurable: true });
    }
    return event;
  }

  #anything(depth: number): unknown {
    switch (this.#upTo(depth > 6 ? 7 : 12)) {
      case 0:
        return undefined;
      case 1:
        return null;
      case 2:
        return this.random() < 0.5;
      case 3:
        return this.#one([0, -0, 1.5, Number.NaN, Infinity, 2 ** 53]);
      case 4:
        return this.#one(TEXTS);
      case 5:
        return this.#one<unknown>([Symbol('s'), 7n, () => undefined, new Date(), new Map([['a', 1]])]);
      case 6:
        return this.random() < 0.05 ? 'y'.repeat(100_000) : this.#one(TEXTS);
      case 7:
        return holes(this.#one([0, 3, 2_000]));
      case 8:
        return Array.from({ length: this.#upTo(4) }, () => this.#anything(depth + 1));
      case 9:
        return Buffer.from(this.#one(TEXTS));
      default:
        return Object.fromEntries(
          Array.from({ length: this.#upTo(4) }, () => [this.#one(FIELDS), this.#anything(depth + 1)]),
        );
    }
  }

  /** A text with a few places cut, doubled or overwritten. */
  #mangled(text: string): string {
    let mangled = text;
    for (let times = this.#upTo(3); times > 0; times--) {
      const at = this.#upTo(mangled.length);
      const until = at + this.#upTo(6);
      mangled =
        mangled.slice(0, at) + this.#one(['', ...BYTES, mangled.slice(at, until).repeat(2)]) + mangled.slice(until);
    }
    return mangled;
  }

  #one<T>(all: readonly T[]): T {
    return all[this.#upTo(all.length)]!;
  }

  /** A whole number below `end`. */
  #upTo(end: number): number {
    return Math.floor(this.random() * end);
  }
}

const holes = (length: number): unknown[] => {
  const list: unknown[] = [];
  list.length = length;
  return list;
};
