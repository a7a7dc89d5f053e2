import { ageOf, MAX_STALENESS_MS, type Outage } from '../driver/promise.js';
import type { LateRead } from '../driver/witness.js';
import type { ServiceName } from '../services.js';
import { WITH_OUTBOX, type Role } from './roles.js';

/** Of CacheEventsModule: so long after a transport is back everything is let go of. */
export const MENDED_MS = 500;
/** Of CacheEventsModule: a process that starts waits so long for others who may have listened while it wasn't there. */
export const ASKED_MS = 5_000;
/**
 * An event leaves a service in the moment in which it answers, not before. A write that was acknowledged less than this
 * before its service was killed may have taken its event with it; nobody makes that good before the ttl is over.
 */
export const LAST_WORDS_MS = 100;

export interface DistributedOutage extends Outage {
  whom: Role | 'broker';
  /** Other processes of its role went on. */
  hadOthers: boolean;
  /** From here on nothing waited in an outbox any more. */
  sentAt: number;
}

/** Why an answer may be older than `MAX_STALENESS_MS`. */
export type Excuse =
  /** No event could arrive: the broker or the gateway was away, or who had it in an outbox. */
  | 'untold'
  /** The event died with the service. */
  | 'last words';

const WRITER: Readonly<Record<string, ServiceName>> = {
  price: 'catalogue',
  reviews: 'reviews',
  stock: 'inventory',
  profile: 'users',
  statement: 'billing',
};

/** Which service changes it. @param subject as the witness says it: `price 7` */
export const writerOf = (subject: string): ServiceName | undefined => WRITER[subject.split(' ')[0] ?? ''];

/**
 * After an acknowledged write the gateway may show the old value until the event is applied, which takes a moment: the
 * witness allows `MAX_STALENESS_MS`. More is allowed for what nobody could be told of.
 */
export function isBroken(read: LateRead, outages: readonly Outage[]): boolean {
  return ageOf(read) > MAX_STALENESS_MS && excuseOf(read, outages as readonly DistributedOutage[]) === undefined;
}

export function excuseOf(read: LateRead, outages: readonly DistributedOutage[]): Excuse | undefined {
  const writer = writerOf(read.subject);
  if (outages.some((outage) => wasUntold(read, outage) || waited(read, outage))) return 'untold';
  if (writer === WITH_OUTBOX) return undefined;
  const tookItAlong = (outage: DistributedOutage) =>
    outage.whom === writer && read.writtenAt >= outage.beganAt - LAST_WORDS_MS && read.writtenAt <= outage.overAt;
  return outages.some(tookItAlong) ? 'last words' : undefined;
}

/**
 * Whether the event had nobody to bring it or to take it, and the gateway hadn't let go of everything yet. What was sent
 * just before may still have been under way.
 */
function wasUntold({ writtenAt, begunAt }: LateRead, { whom, beganAt, overAt }: DistributedOutage): boolean {
  if (whom !== 'broker' && whom !== 'gateway') return false;
  const letGoAt = overAt + MENDED_MS + (whom === 'gateway' ? ASKED_MS : 0);
  return writtenAt >= beganAt - MAX_STALENESS_MS && writtenAt <= overAt && begunAt <= letGoAt + MAX_STALENESS_MS;
}

/** Whether the event was in the outbox of a service that was away, or couldn't send. */
function waited({ subject, writtenAt, begunAt }: LateRead, { whom, beganAt, sentAt }: DistributedOutage): boolean {
  if (writerOf(subject) !== WITH_OUTBOX || (whom !== 'broker' && whom !== WITH_OUTBOX)) return false;
  return writtenAt >= beganAt - MAX_STALENESS_MS && writtenAt <= sentAt && begunAt <= sentAt + MAX_STALENESS_MS;
}
