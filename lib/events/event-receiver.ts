import type { CacheService, Invalidation } from '../cache.service.js';
import { CacheError } from '../cache.errors.js';
import type { Runtime } from '../cache.runtime.js';
import type { Deed, Once } from '../coalescing/once.js';
import type { EventTarget } from '../desk/cache-engine.js';
import { EventCounts, type Received, type ReceivedCounts } from './event-counts.js';
import { readEvent, type InvalidationEvent } from './event-format.js';
import type { EventLog } from './event-log.js';
import { verifyEvent } from './event-signature.js';
import type { ResolvedEventsOptions } from './resolve-events-options.js';
import { Turnstile } from './turnstile.js';

/** The caches that events are applied to. */
export interface EventCaches {
  readonly service: CacheService;
  readonly once: Once;
  has(cache: string): boolean;
  /** Waits for it when the application ends. */
  background(work: Promise<unknown>): void;
}

/** What a domain event means, and what it is known by, if anything. */
export interface DomainEvent {
  /** Whose opinion that is, for the log. */
  readonly where: string;
  readonly id: string | undefined;
  readonly target: () => unknown;
}

const NOTHING: EventTarget = {};
/** More at a time would wait for one another in Redis, until its deadlines ended them. */
const AT_A_TIME = 64;

/** Applies what arrives, once. Whatever that is, it never throws, never rejects and never waits without end. */
export class EventReceiver {
  readonly #events = new EventCounts();
  readonly #domain = new EventCounts();
  readonly #turnstile = new Turnstile(AT_A_TIME);

  constructor(
    private readonly caches: EventCaches,
    private readonly options: Pick<ResolvedEventsOptions, 'limits' | 'signing' | 'signedWithinMs' | 'rememberForMs'>,
    private readonly runtime: Runtime,
    private readonly log: EventLog,
  ) {}

  get counts(): { readonly events: ReceivedCounts; readonly domain: ReceivedCounts } {
    return { events: this.#events.snapshot(), domain: this.#domain.snapshot() };
  }

  /** @param given as the transport delivers it */
  receive(given: unknown): Promise<void> {
    return this.#count(this.#events, () => this.#receive(given));
  }

  receiveDomain(event: DomainEvent): Promise<void> {
    return this.#count(this.#domain, () => this.#receiveDomain(event));
  }

  async #count(counts: EventCounts, receive: () => Promise<Received>): Promise<void> {
    counts.begin();
    const received = this.#turnstile.pass(receive).then(
      (how) => counts.end(how),
      () => counts.end('failed'),
    );
    this.caches.background(received);
    return received;
  }

  async #receive(given: unknown): Promise<Received> {
    const event = readEvent(given, this.options.limits);
    if (typeof event === 'string') return this.#refuse(event, '');
    const { signing, signedWithinMs } = this.options;
    const fault = signing && verifyEvent(event, signing, this.runtime.now(), signedWithinMs);
    if (fault !== undefined) return this.#refuse(fault, fault === 'expired' ? ', or the clocks differ' : '');
    const id = event.id === undefined ? undefined : idOf(event);
    return this.#once(id, 'an event', () => event);
  }

  async #receiveDomain({ where, id, target }: DomainEvent): Promise<Received> {
    const known = id === undefined ? undefined : `domain\0${where}\0${id}`;
    return this.#once(known, where, async () => targetFrom(await target()));
  }

  /** One that this service sends: it is applied here as those of others are, and counted as sent. */
  async receiveOwn(event: InvalidationEvent): Promise<void> {
    await this.#once(idOf(event), 'an event', () => event);
  }

  /** What is applied already, here. */
  async note(event: InvalidationEvent, by: 'everybody' | 'here'): Promise<void> {
    await this.caches.once.note(idOf(event), this.options.rememberForMs, by);
  }

  async #once(
    id: string | undefined,
    who: string,
    target: () => EventTarget | Promise<EventTarget>,
  ): Promise<Received> {
    let how: Received = 'duplicates';
    const apply = async (): Promise<Deed> => {
      how = await this.#apply(who, target);
      return how === 'failed' ? 'failed' : how === 'queued' ? 'done-here' : 'done';
    };
    if (id === undefined) await apply();
    else await this.caches.once.run(id, this.options.rememberForMs, apply);
    return how;
  }

  async #apply(who: string, target: () => EventTarget | Promise<EventTarget>): Promise<Received> {
    try {
      const known = this.#known(await target());
      if (known === undefined) return 'irrelevant';
      const { status } = await this.caches.service.invalidate(known);
      return status === 'queued' ? 'queued' : 'applied';
    } catch (error) {
      // what an error of a mapper says may hold what nobody should read in a log
      const reason = error instanceof CacheError ? error.message : 'it threw an error';
      this.log.warn(`${who}: ${reason}`, `${who} couldn’t be applied: ${reason}`);
      return 'failed';
    }
  }

  /** The part of it that is about caches of this application. */
  #known({ tags = [], keys = [], caches = [], all = false, mode = 'hard' }: EventTarget): Invalidation | undefined {
    const own = {
      tags,
      keys: keys.filter(([cache]) => this.caches.has(cache)),
      caches: caches.filter((cache) => this.caches.has(cache)),
      all,
      mode,
    };
    return all || own.tags.length + own.keys.length + own.caches.length > 0 ? own : undefined;
  }

  #refuse(refusal: Exclude<ReturnType<typeof readEvent>, InvalidationEvent>, hint: string): Received {
    this.log.warn(`refused: ${refusal}`, `an event was dropped: it is ${refusal}${hint}`);
    return refusal;
  }
}

/** Two services may choose the same one. */
const idOf = ({ source = '', id = '' }: InvalidationEvent): string => `event\0${source}\0${id}`;

/** What a mapper says: a tag, tags, a whole target, or nothing. */
function targetFrom(said: unknown): EventTarget {
  if (said === undefined || said === null) return NOTHING;
  if (typeof said === 'string') return { tags: [said] };
  if (Array.isArray(said)) return { tags: said as string[] };
  return said;
}
