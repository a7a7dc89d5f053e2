import { setTimeout as pause } from 'node:timers/promises';
import { FaultStory } from '../fleet/fault-story.js';
import type { LocalServer } from '../servers/local-server.js';
import { sum } from '../sum.js';
import type { DistributedOutage } from './distributed-promise.js';
import type { DistributedShop } from './distributed-shop.js';
import type { MemberStatus } from './member-status.js';
import { REPLICAS, WITH_OUTBOX, type Role } from './roles.js';

const SERVICE_AWAY_MS = 500;
const GATEWAY_AWAY_MS = 300;
const BROKER_AWAY_MS = 2_000;
/** Of two things that go wrong at once, the second comes so long after the first. */
const MEANWHILE_MS = 500;

const LOOK_EVERY_MS = 50;
const BACK_WITHIN_MS = 60_000;

/** What happens to the processes and to their broker in the course of a run, one thing after the other. */
export class DistributedFaults extends FaultStory {
  /** @param broker undefined where it is somebody else's: then nothing happens to it */
  constructor(
    private readonly shop: DistributedShop,
    private readonly broker: LocalServer | undefined,
  ) {
    const plan = [
      { share: 0.05, happen: () => this.killProcess('users') },
      { share: 0.15, happen: () => this.killBroker() },
      { share: 0.3, happen: () => this.killProcess('catalogue') },
      { share: 0.45, happen: () => this.killBrokerAnd('inventory') },
      { share: 0.6, happen: () => this.killProcess('gateway', GATEWAY_AWAY_MS) },
      { share: 0.65, happen: () => this.killProcess('reviews') },
      { share: 0.7, happen: () => this.killProcess('billing') },
    ];
    super(plan, true);
  }

  /** One of the role, where there are several. */
  private async killProcess(whom: Role, forMs = SERVICE_AWAY_MS): Promise<DistributedOutage[]> {
    const member = this.shop.member(whom);
    const beganAt = Date.now();
    await member.kill();
    await pause(forMs);
    const endedAt = Date.now();
    await member.begin();
    if (whom === 'gateway') await until('the gateway hears of changes', () => this.gatewayHears());
    const overAt = Date.now();
    if (whom === WITH_OUTBOX) await until('its outbox is sent', () => this.isOutboxSent());
    return [{ what: 'killed', whom, hadOthers: REPLICAS[whom] > 1, beganAt, endedAt, overAt, sentAt: Date.now() }];
  }

  private async killBroker(meanwhile = () => nothingFor(BROKER_AWAY_MS)): Promise<DistributedOutage[]> {
    const { broker } = this;
    if (!broker) return meanwhile();
    const gapsBefore = await this.gaps();
    const beganAt = Date.now();
    await broker.kill();
    const others = await meanwhile();
    const endedAt = Date.now();
    await broker.begin();
    await until('the gateway listens', async () => (await this.gaps()) > gapsBefore);
    const overAt = Date.now();
    await until('everything is sent', async () => (await this.pending()) === 0 && (await this.isOutboxSent()));
    const sentAt = Date.now();
    return [...others, { what: 'killed', whom: 'broker', hadOthers: false, beganAt, endedAt, overAt, sentAt }];
  }

  /** A service is killed while there is no broker, with all the events that it couldn't send. */
  private killBrokerAnd(service: Role): Promise<DistributedOutage[]> {
    return this.killBroker(async () => {
      await pause(MEANWHILE_MS);
      const outages = await this.killProcess(service);
      await pause(MEANWHILE_MS);
      return outages;
    });
  }

  /** Since it was started last. */
  private async gatewayHears(): Promise<boolean> {
    const { events } = await this.gateway();
    return (events?.events.received ?? 0) > 0;
  }

  /** How often the gateway was without a broker, and has come back. */
  private async gaps(): Promise<number> {
    const { events } = await this.gateway();
    return sum((events?.transports ?? []).map(({ gaps }) => gaps));
  }

  private async gateway(): Promise<Partial<MemberStatus>> {
    return (await this.shop.member('gateway').status()) ?? {};
  }

  /** Events that couldn't be sent so far. */
  private async pending(): Promise<number> {
    return sum((await this.shop.statuses()).map(({ events }) => events?.pending ?? 0));
  }

  private async isOutboxSent(): Promise<boolean> {
    const status = await this.shop.member(WITH_OUTBOX).status();
    return status?.outbox?.state === 'publishing';
  }
}

async function nothingFor(ms: number): Promise<DistributedOutage[]> {
  await pause(ms);
  return [];
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + BACK_WITHIN_MS;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`Nobody is away any more, but not after ${BACK_WITHIN_MS} ms ${what}`);
    await pause(LOOK_EVERY_MS);
  }
}
