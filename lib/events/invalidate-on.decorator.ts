import 'reflect-metadata';
import type { EventTarget } from '../desk/cache-engine.js';

/** What a mapper may say: a tag, tags, a target, or nothing; a promise of one as well. */
export type MappedEvent = string | readonly string[] | EventTarget | null | undefined;

export interface InvalidateOnOptions<Event> {
  /**
   * What tells one event from another, so that one that is delivered twice is applied once. Default: the position of a
   * Kafka message; of other transports none, and every delivery is applied.
   */
  readonly id?: ((event: Event) => string | number | undefined) | undefined;
}

/** One domain event of one class. */
export interface DomainEventRule {
  readonly pattern: string | RegExp | object;
  readonly map: (event: never) => MappedEvent | Promise<MappedEvent>;
  readonly id: ((event: never) => string | number | undefined) | undefined;
  /** Of a method, its name. */
  readonly member: string | undefined;
}

const RULES: unique symbol = Symbol.for('nestjs-hybrid-cache:invalidate-on');

/**
 * Invalidates when a domain event arrives, in whatever form it has, over any transport the application is connected to.
 * On a provider or controller, or on one of its methods: beside what depends on it; several times for several patterns.
 * Handlers of your own for the same pattern run as they always did.
 *
 * @param pattern as for `@EventPattern`
 * @param mapper from the event's data to tags, or to `{ tags, keys, caches, all, mode }`; nothing: it is of no concern
 * @example
 * \@InvalidateOn('user.updated', (event: UserUpdated) => [`user:${event.userId}`])
 * \@Injectable()
 * export class UserService { … }
 */
export function InvalidateOn<Event>(
  pattern: string | RegExp | object,
  mapper: (event: Event) => MappedEvent | Promise<MappedEvent>,
  options: InvalidateOnOptions<Event> = {},
): ClassDecorator & MethodDecorator {
  return (target: object, propertyKey?: string | symbol): void => {
    const type = typeof target === 'function' ? target : target.constructor;
    const member = propertyKey === undefined ? undefined : String(propertyKey);
    const rule: DomainEventRule = { pattern, map: mapper, id: options.id, member };
    Reflect.defineMetadata(RULES, [...(own(type) ?? []), rule], type);
  };
}

const own = (type: object): readonly DomainEventRule[] | undefined =>
  Reflect.getOwnMetadata(RULES, type) as readonly DomainEventRule[] | undefined;

/** What a class says of domain events, and what it inherits. */
export function domainEventRulesOf(type: object): readonly DomainEventRule[] {
  const rules: DomainEventRule[] = [];
  for (let level: object | null = type; level !== null; level = Object.getPrototypeOf(level) as object | null) {
    rules.push(...(own(level) ?? []));
  }
  return rules;
}
