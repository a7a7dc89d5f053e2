const FIELDS = ['id', 'source', 'at', 'tags', 'keys', 'caches', 'all', 'mode', 'signature', 'value', '__proto__', 'x'];
const TEXTS = ['', ' ', 'a', 'user:7', 'soft', 'hard', 'v1.a.b', '*', '~t:a', '\ud800', '€', '\u0000', 'constructor'];
const LONG_TEXTS = ['x'.repeat(600), '€'.repeat(400), '"\n'.repeat(200)];
const BYTES = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '\\',
  'null',
  '1e999',
  '-0',
  ' ',
  '\u0000',
  '\\ud800',
  '"__proto__":',
];
const DEEPEST = 6;

/** What a broken or hostile sender could send, and now and then what a good one does. */
export class EventInputs {
  constructor(private readonly random: () => number) {}

  draw(): unknown {
    switch (this.#upTo(6)) {
      case 0:
        return this.#anything(0);
      case 1:
        return this.#mangled(JSON.stringify(this.#likely()));
      case 2:
        return this.#bytes(this.#mangled(JSON.stringify(this.#likely())));
      case 3:
        return this.#wrapped();
      case 4:
        return this.#extreme();
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
      tags: list(this.#now(0.05) ? 1_500 : 4, () => `tag:${this.#upTo(50)}`),
      ...(this.#now(0.5) ? { keys: list(3, () => ['users', this.#argument(0)]) } : {}),
      ...(this.#now(0.3) ? { caches: list(3, () => 'search') } : {}),
      ...(this.#now(0.1) ? { all: true } : {}),
      ...(this.#now(0.2) ? { mode: 'soft' } : {}),
      ...(this.#now(0.1) ? { signature: this.#one(TEXTS) } : {}),
    };
  }

  /** What JSON can say, as a key or in one. */
  #argument(depth: number): unknown {
    if (depth === 0 && this.#now(0.5)) return this.#one<unknown>(['7', 7, '', -0, 1e21, 0.1]);
    const items = Array.from({ length: this.#upTo(4) }, () =>
      depth < DEEPEST && this.#now(0.3)
        ? this.#argument(depth + 1)
        : this.#one<unknown>([null, true, 'a', '', -0, 2 ** 53, { b: [1, null], '7': '€', '': 0 }]),
    );
    return depth === 0 || this.#now(0.5) ? items : Object.fromEntries(items.map((item) => [this.#one(TEXTS), item]));
  }

  #wrapped(): unknown {
    const inner = this.#one([this.#likely(), JSON.stringify(this.#likely()), this.#anything(0)]);
    let wrapped: unknown = inner;
    for (let times = this.#upTo(6); times >= 0; times--) {
      const isText = typeof wrapped === 'string' && this.#now(0.5);
      wrapped = isText ? this.#bytes(wrapped as string) : { value: wrapped, key: null, offset: '7' };
    }
    return wrapped;
  }

  /** What is very large, very deep, without an end, or made to lie. */
  #extreme(): unknown {
    const event = this.#likely();
    const field = this.#one(['tags', 'keys', 'caches']);
    switch (this.#upTo(8)) {
      case 0:
        event[field] = holes(this.#one([0, 3, 2_000, 4_000_000_000]));
        return event;
      case 1:
        event['tags'] = Array.from({ length: this.#one([2, 900, 1_500]) }, (_, tag) => `${tag}`);
        event[field] = this.#lying(event[field]);
        return event;
      case 2:
        event['keys'] = [['users', this.#lying([this.#lying(['a'])])]];
        return event;
      case 3: {
        const circular: Record<string, unknown> = { ...event };
        Object.defineProperty(circular, this.#one(FIELDS), { value: circular, enumerable: true });
        event['keys'] = [['users', [circular]]];
        return this.#now(0.5) ? circular : event;
      }
      case 4: {
        const levels = this.#one([5, 12, 5_000, 60_000]);
        const text = `{"keys":[["users",${'['.repeat(levels)}${']'.repeat(levels)}]]}`;
        return this.#now(0.5) ? text : Buffer.from(text);
      }
      case 5:
        // near the limit, on both sides
        event['tags'] = Array.from({ length: 70 + this.#upTo(30) }, () => this.#one(LONG_TEXTS).slice(0, 500));
        return this.#now(0.5) ? event : JSON.stringify(event);
      case 6:
        return Object.defineProperty(this.#bytes(JSON.stringify(event)), this.#one(['byteLength', 'length']), {
          value: this.#one([0, -1, Number.NaN]),
        });
      default:
        return this.#trapped(this.#now(0.5) ? event : [JSON.stringify(event)]);
    }
  }

  /** A list with another length than it has, or that gives something else when it is iterated. */
  #lying(given: unknown): unknown {
    const list = Array.isArray(given) ? (given as unknown[]) : ['a'];
    if (this.#now(0.4)) {
      let left = 5_000;
      const value = this.#one([null, 'a']);
      const next = () => ({ done: left-- < 0, value });
      return Object.defineProperty(list, Symbol.iterator, { value: () => ({ next }) });
    }
    const length = this.#one<unknown>([-5_000, Number.NaN, undefined, 2 ** 40, Infinity, '3', 0.5, 2, 900]);
    const get = (target: object, name: string | symbol): unknown =>
      name === 'length' ? length : Reflect.get(target, name);
    return new Proxy(list, { get });
  }

  /** An object that throws when one of many things is asked of it, and what it throws may do so too. */
  #trapped(given: object): unknown {
    const traps = ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor'] as const;
    const fails = (error: unknown) => () => {
      throw error;
    };
    const error = new Proxy({}, Object.fromEntries(traps.map((trap) => [trap, fails(new RangeError('a trap'))])));
    const proxy = new Proxy(given, { [this.#one(traps)]: fails(this.#one<unknown>([error, undefined, 'text'])) });
    return this.#one<unknown>([proxy, { tags: proxy }, { keys: [['users', [proxy]]] }, { keys: [proxy] }]);
  }

  #mutated(event: Record<string, unknown>): unknown {
    if (this.#now(0.3)) return event;
    const field = this.#one(FIELDS);
    const way = this.random();
    if (way < 0.2) delete event[field];
    else if (way < 0.3) {
      const get = () => {
        throw new RangeError('a getter');
      };
      Object.defineProperty(event, field, { enumerable: true, configurable: true, get });
    } else if (way < 0.35) return Object.create(event);
    else if (way < 0.4) return Object.assign(Object.create(null) as object, event);
    else {
      const value = way < 0.45 ? event : this.#anything(0);
      Object.defineProperty(event, field, { value, enumerable: true, configurable: true });
    }
    return event;
  }

  #anything(depth: number): unknown {
    switch (this.#upTo(depth > DEEPEST ? 7 : 12)) {
      case 0:
        return undefined;
      case 1:
        return null;
      case 2:
        return this.#now(0.5);
      case 3:
        return this.#one([0, -0, 1.5, Number.NaN, Infinity, 2 ** 53]);
      case 4:
        return this.#one(TEXTS);
      case 5:
        return this.#one<unknown>([Symbol('s'), 7n, () => undefined, new Date(), new Map([['a', 1]])]);
      case 6:
        return this.#now(0.05) ? 'y'.repeat(100_000) : this.#one([...TEXTS, ...LONG_TEXTS]);
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

  #bytes(text: string): Uint8Array {
    const bytes = Buffer.from(text, this.#now(0.7) ? 'utf8' : this.#one(['latin1', 'utf16le']));
    if (this.#now(0.1) && bytes.length > 0) bytes[this.#upTo(bytes.length)] = this.#upTo(256);
    return this.#now(0.5) ? bytes : new Uint8Array(bytes);
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

  /** True so often. */
  #now(often: number): boolean {
    return this.random() < often;
  }
}

const holes = (length: number): unknown[] => {
  const list: unknown[] = [];
  list.length = length;
  return list;
};
