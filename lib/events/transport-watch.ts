import type { Observable, Subscription } from 'rxjs';
import type { Runtime, Timer } from '../cache.runtime.js';
import type { EventTransport, GapPolicy } from './events-options.interface.js';
import type { EventLog } from './event-log.js';
import type { Presence } from './presence.js';
import { reachOf, transportOf, type TransportReach } from './transport-reach.js';

/** A transport that brings events. */
export interface TransportStatus extends TransportReach {
  readonly connected: boolean;
  /** How often it was away. */
  readonly gaps: number;
}

/** A server of @nestjs/microservices, as far as it says something of itself. */
export interface WatchedServer {
  readonly transportId?: unknown;
  /** Since Nest 11. */
  readonly status?: Observable<string>;
  readonly options?: object;
  /** Of RabbitMQ. */
  readonly noAck?: unknown;
}

export interface WatchTerms {
  readonly gapPolicyOf: (transport: EventTransport) => GapPolicy | undefined;
  /** Whether messages that want to be acknowledged are. */
  readonly acknowledges: boolean;
  /** Of MQTT. */
  readonly isSharedSubscription: boolean;
  /** Whether processes share what they know, so that one of them is enough. */
  readonly isShared: boolean;
  /** Where there is a store that is older than this process. */
  readonly presence: Presence | undefined;
  /** Makes good for what may have been missed. */
  readonly mend: (policy: 'expire' | 'clear') => void;
}

/** A transport says that it is connected before it has subscribed again, and what comes in between is lost. */
const SUBSCRIBED_WITHIN_MS = 500;
const CONNECTED = new Set(['connected', 'unblocked', 'blocked', 'rebalancing']);

/** Knows the transports of an application, what they can lose, and when they were away. */
export class TransportWatch {
  readonly #lines: TransportLine[] = [];
  readonly #subscriptions: Subscription[] = [];

  constructor(
    private readonly terms: WatchTerms,
    private readonly runtime: Runtime,
    private readonly log: EventLog,
  ) {}

  statuses(): TransportStatus[] {
    return this.#lines.map((line) => line.status());
  }

  /** @param server what Nest has made of a call of `connectMicroservice` or `createMicroservice` */
  add({ transportId, status, options, noAck }: WatchedServer): void {
    const reach = reachOf(transportOf(transportId), options);
    const isGroup = reach.transport === 'mqtt' && this.terms.isSharedSubscription;
    const line = this.open(isGroup ? { ...reach, reach: 'one' } : reach);
    if (noAck === false && !this.terms.acknowledges) {
      this.log.warn(
        'RabbitMQ wants acknowledgements (`noAck: false`): give CacheEventsModule `acknowledge: true`, or ' +
          'events pile up in the queue',
      );
    }
    if (status === undefined) {
      this.log.warn(
        `this version of Nest doesn’t tell when ${line.reach.transport} is away: events that are lost meanwhile aren’t ` +
          'made good for; use Nest 11 or newer',
      );
      return;
    }
    this.#subscriptions.push(status.subscribe((state) => line.changed(CONNECTED.has(state))));
  }

  /** A line whose changes somebody else tells. */
  open(reach: TransportReach): TransportLine {
    const onGap = this.terms.gapPolicyOf(reach.transport) ?? reach.onGap;
    if (reach.reach === 'one' && !this.terms.isShared && reach.transport !== 'tcp') {
      this.log.warn(
        `events over ${reach.transport} reach one process of a group or queue, and there is no Redis through which it ` +
          'could tell the others: with more than one process, give CacheModule a `redis`, or each process a queue or group of its own',
      );
    }
    const line = new TransportLine({ ...reach, onGap }, this.runtime, this.log, this.terms.presence, this.terms.mend);
    this.#lines.push(line);
    return line;
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    for (const line of this.#lines) line.close();
    this.terms.presence?.close();
  }
}

/** The connections of one transport over time. */
export class TransportLine {
  #connected = false;
  #wasConnected = false;
  #gaps = 0;
  #timer: Timer | undefined;

  constructor(
    readonly reach: TransportReach,
    private readonly runtime: Runtime,
    private readonly log: EventLog,
    private readonly presence: Presence | undefined,
    private readonly mend: (policy: 'expire' | 'clear') => void,
  ) {}

  status(): TransportStatus {
    return { ...this.reach, connected: this.#connected, gaps: this.#gaps };
  }

  changed(connected: boolean): void {
    if (connected === this.#connected) return;
    const { transport, onGap } = this.reach;
    const isFirst = !this.#wasConnected;
    this.#connected = connected;
    if (!connected) {
      this.presence?.end(transport);
      return;
    }
    this.#wasConnected = true;
    if (!isFirst) this.#gaps++;
    if (onGap === 'nothing') return;
    if (isFirst) void this.#begin(onGap);
    else this.#warnAndMend(onGap, 'was away');
  }

  /** What it should have kept is gone. */
  lost(): void {
    this.#gaps++;
    this.#warnAndMend(this.reach.onGap === 'nothing' ? 'expire' : this.reach.onGap, 'lost what it kept');
  }

  close(): void {
    this.#timer?.cancel();
  }

  #warnAndMend(onGap: 'expire' | 'clear', why: string): void {
    this.log.warn(`gap ${this.reach.transport}`, this.#says(onGap, why));
    this.#mendSoon(onGap);
  }

  /** Of what a shared store holds, nobody may have been told while no process was there. */
  async #begin(onGap: 'expire' | 'clear'): Promise<void> {
    if (this.presence === undefined) return;
    const { transport } = this.reach;
    const isCovered = await this.presence.isCovered(transport);
    if (!this.#connected) return;
    if (isCovered) return this.presence.begin(transport);
    this.log.log(this.#says(onGap, 'had no listener until now'));
    this.#mendSoon(onGap);
  }

  #says(onGap: 'expire' | 'clear', why: string): string {
    const what = onGap === 'expire' ? 'everything counts as just expired' : 'everything is invalidated';
    return `${this.reach.transport} ${why}, and events may be lost: ${what} (onGap: '${onGap}')`;
  }

  #mendSoon(onGap: 'expire' | 'clear'): void {
    this.#timer?.cancel();
    const mend = (): void => {
      this.mend(onGap);
      // and not before: others would rely on it
      if (this.#connected) this.presence?.begin(this.reach.transport);
    };
    this.#timer = this.runtime.after(SUBSCRIBED_WITHIN_MS, mend, { background: true });
  }
}
