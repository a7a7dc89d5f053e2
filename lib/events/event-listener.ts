import { Controller, Inject, type Type } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { NoCache } from '../decorators/no-cache.decorator.js';
import type { DomainEvents } from './domain-events.js';
import type { EventReceiver } from './event-receiver.js';
import { messageOf, type ReceivedMessage } from './received-message.js';

/** What handlers of events hand over to. */
export interface EventInbox {
  readonly receiver: EventReceiver;
  readonly domain: DomainEvents;
  readonly acknowledge: boolean | 'all';
}

/** What a handler listens to, and what it does with it. */
interface Route {
  readonly pattern: string | RegExp | object;
  readonly take: (inbox: EventInbox, message: ReceivedMessage) => Promise<void>;
  /** Whether nobody else will say that it was taken. */
  readonly acknowledges: (inbox: EventInbox) => boolean;
}

/**
 * A controller class that handlers can still be added to when the options are known: Nest looks for them when a
 * transport is connected, after every provider is there. One for each registration, because patterns belong to functions.
 */
export function createListener(inboxToken: symbol): Type {
  class CacheEventsListener {
    constructor(readonly inbox: EventInbox) {}
  }
  Inject(inboxToken)(CacheEventsListener, undefined, 0);
  Controller()(CacheEventsListener);
  return CacheEventsListener;
}

/** @param decorators of the application, for every handler */
export function listenTo(listener: Type, pattern: string, decorators: readonly MethodDecorator[]): void {
  const take: Route['take'] = ({ receiver }, { data }) => receiver.receive(data);
  addHandler(listener, { pattern, take, acknowledges: ({ acknowledge }) => acknowledge !== false }, decorators);
}

export function listenToDomain(
  listener: Type,
  pattern: Route['pattern'],
  decorators: readonly MethodDecorator[],
): void {
  const take: Route['take'] = ({ domain }, message) => domain.receive(pattern, message);
  addHandler(listener, { pattern, take, acknowledges: ({ acknowledge }) => acknowledge === 'all' }, decorators);
}

function addHandler(
  listener: Type,
  { pattern, take, acknowledges }: Route,
  decorators: readonly MethodDecorator[],
): void {
  const prototype = listener.prototype as Record<string, unknown>;
  const name = `on ${typeof pattern === 'string' ? pattern : pattern instanceof RegExp ? String(pattern) : JSON.stringify(pattern)}`;
  // the module of an application that is started a second time has the first one's handlers
  if (Object.hasOwn(prototype, name)) return;
  const handler = {
    async [name](this: { inbox: EventInbox }, data: unknown, context: unknown): Promise<void> {
      const message = messageOf(data, context);
      await take(this.inbox, message);
      if (acknowledges(this.inbox)) message.acknowledge();
    },
  }[name]!;
  Object.defineProperty(prototype, name, { value: handler, writable: true, configurable: true, enumerable: false });
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
  for (const decorate of [EventPattern(pattern as object), NoCache(), ...decorators]) {
    decorate(prototype, name, descriptor as TypedPropertyDescriptor<never>);
  }
  Payload()(prototype, name, 0);
  Ctx()(prototype, name, 1);
}
