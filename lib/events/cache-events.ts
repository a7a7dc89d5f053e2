import { randomUUID } from 'node:crypto';
import { CacheKeyError } from '../cache.errors.js';
import type { Runtime } from '../cache.runtime.js';
import type { EventTarget } from '../desk/cache-engine.js';
import type { InvalidationResult } from '../flow/outcome.js';
import type { ClientLine, ClientResult, EmissionTerms } from './emission.js';
import type { CacheEventsStatus } from './cache-events-status.js';
import { EventCounts } from './event-counts.js';
import { readEvent, writeEvent, type InvalidationEvent } from './event-format.js';
import type { EventLog } from './event-log.js';
import type { EventReceiver } from './event-receiver.js';
import { signEvent } from './event-signature.js';
import type { ResolvedEventsOptions } from './resolve-events-options.js';
import type { TransportStatus } from './transport-watch.js';

/** What came of telling others. */
export interface EmissionResult {
  /** Of the event; a second delivery of it does nothing. */
  readonly id: string;
  /** `emitted` over every client, `partial` over some, `failed` over none; `deferred` until the surrounding `afterCommit`. */
  readonly status: 'emitted' | 'partial' | 'failed' | 'deferred';
  /** What came of it in this service; absent without a `CacheModule`. */
  readonly here?: InvalidationResult;
  readonly clients: readonly ClientResult[];
}

/** This service's own caches, if it has any. */
export interface OwnCaches {
  invalidate(target: EventTarget): Promise<InvalidationResult>;
  /** The surrounding `afterCommit`, if any, runs it when it is committed. @returns whether there is one */
  whenCommitted(run: () => void): boolean;
}

/** Of MQTT: one of a group gets it. That is said by those who listen, not by those who send. */
const SHARED_SUBSCRIPTION = /^\$share\/[^/]+\//;
const NOTHING = new EventCounts().snapshot();

/** Tells other services what to invalidate, and this one. */
export class CacheEvents {
  readonly #pending = new Set<Promise<unknown>>();
  #dropped = 0;

  constructor(
    private readonly options: ResolvedEventsOptions,
    private readonly lines: readonly ClientLine[],
    private readonly receiver: EventReceiver | undefined,
    private readonly own: OwnCaches | undefined,
    private readonly transports: () => readonly TransportStatus[],
    private readonly runtime: Runtime,
    private readonly log: EventLog,
  ) {}

  /**
   * Invalidates here, where there is a `CacheModule`, and tells the others; resolves when every client has taken the
   * event or was given up. Inside `afterCommit` both wait for the commit.
   *
   * @throws CacheKeyError for tags and keys that can't be in an event
   * @example await this.events.invalidate({ tags: [`user:${id}`] })
   */
  async invalidate(target: EventTarget): Promise<EmissionResult> {
    const event = this.create(target);
    const here = await this.own?.invalidate(target);
    if (here?.status === 'deferred') {
      this.own!.whenCommitted(() => this.#inBackground(event));
      return { id: event.id!, status: 'deferred', here, clients: [] };
    }
    const by = here?.status === 'queued' ? 'here' : 'everybody';
    return { ...(await this.#emit(event, this.#whileSomebodyWaits, by)), ...(here === undefined ? {} : { here }) };
  }

  /**
   * Tells the others in the background, for as long as `emitPatience`; this service is left as it is.
   * @param by whether its other processes have it in their journal by now
   */
  tell(target: EventTarget, by: 'everybody' | 'here' = 'here'): void {
    this.#inBackground(this.create(target), by);
  }

  /** Publishes an event that was created before: here first, then over every client. Doing so again is harmless. */
  async publish(event: InvalidationEvent): Promise<EmissionResult> {
    await this.receiver?.receiveOwn(event);
    return this.#emit(event, this.#whileSomebodyWaits);
  }

  /** An event with an id, which isn't sent yet. @throws CacheKeyError for tags and keys that can't be in an event */
  create({ tags = [], keys = [], caches = [], all = false, mode = 'hard' }: EventTarget): InvalidationEvent {
    const { source, limits } = this.options;
    const said = { id: randomUUID(), source, at: Math.round(this.runtime.now()), tags, keys, caches, all, mode };
    // as the others will read it
    const event = readEvent({ ...said, all: all ? true : undefined }, limits);
    if (typeof event !== 'string') return event;
    throw new CacheKeyError(
      event === 'oversized'
        ? `an event may have ${limits.maxTargets} tags, keys and caches, and ${limits.maxBytes} bytes: clear a cache, or raise maxTargets and maxBytes of CacheEventsModule everywhere`
        : 'an event needs tags, keys, caches or all; keys are texts, numbers, or lists of what JSON can say',
    );
  }

  status(): CacheEventsStatus {
    const { events, domain } = this.receiver?.counts ?? { events: NOTHING, domain: NOTHING };
    return {
      events,
      domain,
      emitted: Object.fromEntries(
        this.lines.map(({ name, emitted, failed, setbacks }) => [name, { emitted, failed, setbacks }]),
      ),
      pending: this.#pending.size,
      dropped: this.#dropped,
      transports: this.transports(),
    };
  }

  /** Resolves when nothing is pending, after `deadlineMs` at the latest; what waits for its next attempt has it now. */
  async close(deadlineMs: number): Promise<void> {
    for (const line of this.lines) line.close();
    let timer: { cancel(): void } | undefined;
    const expired = new Promise<void>((resolve) => (timer = this.runtime.after(deadlineMs, resolve)));
    await Promise.race([Promise.allSettled(this.#pending), expired]);
    timer?.cancel();
    if (this.#pending.size > 0) this.log.warn('closing', `${this.#pending.size} events could not be sent any more`);
  }

  #inBackground(event: InvalidationEvent, by: 'everybody' | 'here' = 'here'): void {
    if (this.#pending.size >= this.options.maxPending) {
      this.#dropped++;
      this.log.warn('dropped', `an event was dropped: ${this.options.maxPending} are on their way already`);
      return;
    }
    const sending = this.#emit(event, this.#whileNobodyWaits, by).finally(() => this.#pending.delete(sending));
    this.#pending.add(sending);
  }

  async #emit(
    event: InvalidationEvent,
    terms: EmissionTerms,
    by: 'everybody' | 'here' = 'everybody',
  ): Promise<EmissionResult> {
    const { pattern, signing } = this.options;
    const payload = writeEvent(signing === undefined ? event : signEvent(event, signing));
    // it may come back, and is applied here already
    const noted = this.receiver?.note(event, by);
    const lines = pattern === false ? [] : this.lines;
    const topic = pattern === false ? '' : pattern.replace(SHARED_SUBSCRIPTION, '');
    const clients = await Promise.all(lines.map((line) => line.emit(topic, payload, terms)));
    await noted;
    for (const { client, status, error } of clients) {
      if (status !== 'emitted')
        this.log.warn(`${client} ${status}`, `an event couldn’t be sent over ${client}: ${error}`);
    }
    const sent = clients.filter(({ status }) => status === 'emitted').length;
    return { id: event.id!, status: sent === clients.length ? 'emitted' : sent === 0 ? 'failed' : 'partial', clients };
  }

  get #whileSomebodyWaits(): EmissionTerms {
    const { emitTimeoutMs, emitRetries } = this.options;
    return { timeoutMs: emitTimeoutMs, goesOn: (attempts) => attempts <= emitRetries };
  }

  get #whileNobodyWaits(): EmissionTerms {
    const { emitTimeoutMs, emitPatienceMs } = this.options;
    return { timeoutMs: emitTimeoutMs, goesOn: (_attempts, sinceMs) => sinceMs < emitPatienceMs };
  }
}
